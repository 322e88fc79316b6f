"""Several ports, each bound to its tenant and its sender, as they are opened by a start."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.client import MllpClient
from fhir_gateway.listening import Port, close_ports, open_ports
from fhir_gateway.settings import Settings
from fhir_gateway.storage.cluster import SUPERUSER
from fhir_gateway.storage.tenants import Tenant
from fhir_gateway.usecases.deps import Deps
from tests.conftest import Server
from tests.usecases.ehr import siu

Opened = Callable[..., Any]


@pytest.fixture
def two_clinics(deps: Deps, database_url: str, servers: Server) -> Deps:
    """A second tenant, `north`."""
    name = str(conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(servers("embedded").url(name, SUPERUSER), autocommit=True) as owner:
        owner.execute("INSERT INTO tenant (id, slug, name, zone) VALUES (2, 'north', 'N', 'UTC')")
    north = Tenant(2, "north", "N", ZoneInfo("UTC"))
    return replace(deps, tenants={**deps.tenants, 2: north})


@pytest.fixture
async def opened(two_clinics: Deps, tmp_path: Path) -> AsyncIterator[Opened]:
    """Opens the ports of these files."""
    async with AsyncExitStack() as stack:
        (tmp_path / "listeners").mkdir()

        async def start(**files: str) -> dict[str, Port]:
            for name, text in files.items():
                (tmp_path / "listeners" / f"{name}.yaml").write_text(text)
            ports = await open_ports(Settings(config_dir=tmp_path, mllp_port=0), two_clinics)
            stack.push_async_callback(close_ports, ports, 1.0)
            return {each.listener.name: each for each in ports}

        yield start


async def sent(port: Port, raw: bytes) -> str:
    async with MllpClient("127.0.0.1", port.server.port) as client:
        return read_ack(await client.send(raw)).code


async def of_tenant(deps: Deps, tenant: int) -> list[str]:
    """Whose messages are in the inbox of a tenant, by MSH-10."""
    async with deps.database.transaction(tenant) as tx:
        rows = await tx.rows("SELECT control_id FROM inbox WHERE tenant = %s", (tenant,))
    return [row[0] for row in rows]


async def test_each_port_belongs_to_a_tenant(opened: Opened, two_clinics: Deps) -> None:
    ports = await opened(south="port: 0", north="port: 0\ntenant: north")
    assert await sent(ports["south"], siu(control="S")) == "AA"
    assert await sent(ports["north"], siu(control="N")) == "AA"
    assert await of_tenant(two_clinics, 1) == ["S"]
    assert await of_tenant(two_clinics, 2) == ["N"]


async def test_a_port_has_its_own_mode_and_limits(opened: Opened) -> None:
    ports = await opened(
        usual="port: 0", own="port: 0\nack_mode: enhanced\nlimits: {frame_bytes: 2048}"
    )
    assert await sent(ports["usual"], siu(control="1")) == "AA"
    assert await sent(ports["own"], siu(control="2")) == "CA"
    big = siu(control="3", more=("NTE|1||" + "x" * 3000,))
    assert await sent(ports["own"], big) == "CE"
    assert await sent(ports["usual"], big) == "AA"


async def test_who_is_not_in_a_network_of_the_port_is_not_let_in(opened: Opened) -> None:
    ports = await opened(inner="port: 0\nnetworks: [10.0.0.0/8]")
    with pytest.raises(GatewayError) as caught:
        await sent(ports["inner"], siu())
    assert caught.value.category is Category.BUSY


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("port: 0\ntenant: south", "there is no tenant south"),
        ("port: 0\nsender: nobody", "no file in senders/ is called nobody"),
        ("port: 0\nhost: 203.0.113.1", "cannot listen on 203.0.113.1:0"),
    ],
)
async def test_a_port_that_cannot_be_opened_is_named_and_none_is_open_then(
    opened: Opened, text: str, why: str
) -> None:
    with pytest.raises(GatewayError, match=why) as caught:
        await opened(a_good_one="port: 0", bad=text)
    assert "bad.yaml" in str(caught.value)
