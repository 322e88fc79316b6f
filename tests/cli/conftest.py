"""What do the tests of the command line share?"""

from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from fhir_gateway.cli import app
from tests.cli.listener import Listener, listening

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Runs the command with these arguments in this process."""
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    return lambda *arguments, given=None: runner.invoke(app, list(map(str, arguments)), input=given)


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as there:
        yield there
