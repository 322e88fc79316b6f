"""What do the commands have in common, and how do they reach the database of a gateway?

Exit status: 0 done, 1 done but something was refused or is not in order, 2 could not be done.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from fhir_gateway.core.errors import GatewayError, fail

if TYPE_CHECKING:
    from fhir_gateway.settings import Settings
    from fhir_gateway.usecases.deps import Deps

REFUSED, IMPOSSIBLE = 1, 2
T = TypeVar("T")

DataDir = Annotated[
    Path | None, typer.Option(help="Where the embedded database lives.", show_default=".local")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


def stop(reason: str) -> NoReturn:
    """Say on the error output why a command cannot be done, and end it."""
    Console(stderr=True).print(f"[red]fhir-gateway:[/] {escape(reason)}", soft_wrap=True)
    raise typer.Exit(IMPOSSIBLE)


def settings_of(**given: Any) -> Any:
    """The settings, with what was said on the command line above the environment."""
    from pydantic import ValidationError  # the other commands start faster without them

    from fhir_gateway.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        wrong = (f"{each['loc'][0]}: {each['msg']}" for each in error.errors())
        stop("; ".join(f"setting {each}" for each in wrong))


def at_the_desk(settings: "Settings", work: Callable[["Deps"], Awaitable[T]]) -> T:
    """Do something with the database of a gateway, whether it is running or not; ends the command
    where that cannot be."""

    async def run() -> T:
        async with _opened(settings) as deps:
            return await work(deps)

    try:
        return asyncio.run(run())
    except GatewayError as error:
        stop(str(error))


@asynccontextmanager
async def _opened(settings: "Settings") -> AsyncIterator["Deps"]:
    from fhir_gateway import wiring  # the other commands start faster without it
    from fhir_gateway.storage.opening import open_database

    async with _urls(settings) as url:
        database = await open_database(url, size=2)
        try:
            yield await wiring.dependencies(settings, database, log=lambda *_, **__: None)
        finally:
            await database.close()


@asynccontextmanager
async def _urls(settings: "Settings") -> AsyncIterator[str]:
    """Where the database is: beside a running gateway, or started for this command."""
    from fhir_gateway import wiring
    from fhir_gateway.core.errors import Category
    from fhir_gateway.storage.opening import prepare

    folder = settings.data_dir.absolute() / wiring.DATABASE_FOLDER
    if settings.database_url is None:
        from fhir_gateway.storage.embedded import url_beside  # needs a POSIX system

        if not folder.exists():
            text = f"There is no database in {settings.data_dir} yet; `serve` makes one there"
            raise fail(Category.NOT_FOUND, text)
        beside = url_beside(folder)
        if beside and await _answers(beside):
            yield beside
            return
    async with wiring.database_urls(settings, lambda _: None) as (url, owner_url):
        await prepare(url, owner_url)
        yield url


async def _answers(url: str) -> bool:
    """Whether that server lives; what is written about it may be older than the last crash."""
    from fhir_gateway.storage.opening import server_version

    try:
        await server_version(url)
    except GatewayError:
        return False
    return True
