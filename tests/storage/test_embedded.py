import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.storage.cluster import SUPERUSER, open_cluster
from fhir_gateway.storage.embedded import Embedded
from tests.storage.servers import THROWAWAY, embedded_server

#: A gateway that starts its server, says so, and then does nothing for a long time.
GATEWAY = """
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell may have had it ignored
import sys, time
from pathlib import Path
from fhir_gateway.storage.embedded import Embedded
server = Embedded.start(Path(sys.argv[1]), settings={"full_page_writes": "off"})
print(server.url(), flush=True)
time.sleep(600)
"""


pytestmark = pytest.mark.slow

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root needs another account for the server"
)


def ask(url: str, query: LiteralString, *values: object) -> tuple[Any, ...]:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query, values).fetchone()
    assert row is not None
    return tuple(row)


def postmaster(server: Embedded) -> int:
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def write_a_row(server_url: str) -> None:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("SET ROLE fhir_gateway_owner")
        connection.execute("CREATE TABLE kept AS SELECT 'still here' AS what")


def kept(server: Embedded) -> tuple[Any, ...]:
    return ask(server.url(user=SUPERUSER), "SELECT what FROM kept")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with embedded_server(tmp_path_factory.mktemp("shared") / "database") as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A directory for a server, with whatever the test leaves running stopped at the end."""
    directory = tmp_path / "database"
    directory.mkdir()
    yield directory
    cluster = open_cluster(directory, None, durable=False)
    shutil.rmtree(cluster.data.parent)


@pytest.fixture
def gateway(place: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process, leader of its own group, that holds the place."""
    command = [sys.executable, "-c", GATEWAY, str(place)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        yield process
        process.kill()


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_database_is_utf8_with_the_order_of_code_points(shared: Embedded) -> None:
    query = """SELECT pg_encoding_to_char(encoding), datcollate, datctype, datdba::regrole::text
               FROM pg_database WHERE datname = current_database()"""
    assert ask(shared.url(), query) == ("UTF8", "C", "C", "fhir_gateway_owner")


def test_the_gateway_logs_in_without_any_power(shared: Embedded) -> None:
    query = """SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit
               FROM pg_roles WHERE rolname = session_user"""
    assert ask(shared.url(), query) == ("fhir_gateway", False, False, False, False, False)


@pytest.mark.parametrize("role", ["fhir_gateway_owner", "fhir_gateway_app", "fhir_gateway_worker"])
def test_the_login_may_put_on_each_role(shared: Embedded, role: str) -> None:
    with psycopg.connect(shared.url()) as connection:
        connection.execute("SELECT set_config('role', %s, false)", [role])
        assert connection.execute("SELECT current_user").fetchone() == (role,)


def test_nothing_listens_on_the_network(shared: Embedded) -> None:
    assert ask(shared.url(), "SHOW listen_addresses") == ("",)


def test_strangers_cannot_reach_the_socket(shared: Embedded) -> None:
    (folder,) = ask(shared.url(user=SUPERUSER), "SHOW unix_socket_directories")
    assert Path(folder).stat().st_mode & 0o077 == 0


def test_a_commit_is_on_disk_unless_the_caller_says_otherwise(place: Path) -> None:
    with Embedded.start(place) as server:
        query = "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
        assert ask(server.url(), query) == ("on", "on")
    with Embedded.start(place, settings={"fsync": "off", "cluster_name": "Mary's"}) as server:
        query = "SELECT current_setting('fsync'), current_setting('cluster_name')"
        assert ask(server.url(), query) == ("off", "Mary's")


def test_what_was_written_is_there_after_the_next_start(place: Path) -> None:
    with Embedded.start(place) as server:
        write_a_row(server.url())
    with Embedded.start(place) as server:
        assert kept(server) == ("still here",)


def test_after_stopping_nothing_is_left_but_the_data(place: Path) -> None:
    server = Embedded.start(place, settings=THROWAWAY)
    (folder,) = ask(server.url(user=SUPERUSER), "SHOW unix_socket_directories")
    server.stop()
    server.stop()
    assert not Path(folder).exists()
    assert not (server.data / "postmaster.pid").exists()


@pytest.mark.parametrize("name", ["with space", "50%", "it's", "عيادة", "long" * 40])
def test_any_directory_will_do(tmp_path: Path, name: str) -> None:
    with embedded_server(tmp_path / name) as server:
        assert ask(server.url(), "SELECT 1") == (1,)


def test_the_second_in_the_same_process_is_told_who_holds_the_directory(place: Path) -> None:
    with Embedded.start(place, settings=THROWAWAY) as server:
        with pytest.raises(GatewayError, match=f"in use by process {os.getpid()} ") as refused:
            Embedded.start(place)
        assert ask(server.url(), "SELECT 1") == (1,)
    assert refused.value.category is Category.CONFLICT
    assert refused.value.issues[0].details == "database-held"


def test_a_second_process_is_told_who_holds_the_directory(
    place: Path, gateway: "subprocess.Popen[str]"
) -> None:
    url = said(gateway)
    with pytest.raises(GatewayError, match=f"in use by process {gateway.pid} "):
        Embedded.start(place)
    assert ask(url, "SELECT 1") == (1,)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_server_outlives_the_gateway_and_the_next_one_takes_over(
    place: Path, gateway: "subprocess.Popen[str]", how: signal.Signals
) -> None:
    url = said(gateway)
    os.killpg(gateway.pid, how)
    gateway.wait(300)
    write_a_row(url)
    with Embedded.start(place) as server:
        assert kept(server) == ("still here",)


def test_a_server_that_was_killed_recovers_what_was_committed(place: Path) -> None:
    server = Embedded.start(place)
    write_a_row(server.url())
    os.kill(postmaster(server), signal.SIGKILL)
    server.stop()
    with Embedded.start(place) as again:
        assert kept(again) == ("still here",)


def test_a_process_that_has_inherited_the_number_of_a_dead_server_is_left_alone(
    place: Path,
) -> None:
    server = Embedded.start(place, settings=THROWAWAY)
    file = server.data / "postmaster.pid"
    lines = file.read_text().splitlines()
    server.stop()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as stranger:
        file.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        with Embedded.start(place, settings=THROWAWAY) as again:
            assert ask(again.url(), "SELECT 1") == (1,)
        assert stranger.poll() is None
        stranger.kill()


def test_what_an_interrupted_first_start_left_is_no_hindrance(place: Path) -> None:
    (place / "data.part" / "base").mkdir(parents=True)
    with Embedded.start(place, settings=THROWAWAY) as server:
        assert ask(server.url(), "SELECT 1") == (1,)


def test_an_interrupted_preparation_is_finished(place: Path) -> None:
    with Embedded.start(place, settings=THROWAWAY) as server:
        with psycopg.connect(server.url("postgres", SUPERUSER), autocommit=True) as connection:
            connection.execute("DROP DATABASE fhir_gateway")
            connection.execute("DROP OWNED BY fhir_gateway_worker")
            connection.execute("DROP ROLE fhir_gateway_worker")
    with Embedded.start(place, settings=THROWAWAY) as server:
        query = "SELECT pg_has_role(session_user, 'fhir_gateway_worker', 'MEMBER')"
        assert ask(server.url(), query) == (True,)


def test_a_cluster_of_another_version_is_refused_and_kept(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "database") as server:
        version = server.data / "PG_VERSION"
        server.stop()
        version.write_text("9\n")
        with pytest.raises(GatewayError, match="was made by PostgreSQL 9") as refused:
            Embedded.start(tmp_path / "database")
        assert version.exists()
    assert refused.value.category is Category.UNSUPPORTED


def test_a_setting_that_postgresql_does_not_know_is_named(place: Path) -> None:
    with pytest.raises(GatewayError, match="no_such_setting"):
        Embedded.start(place, settings={**THROWAWAY, "no_such_setting": "1"})


def test_data_that_has_gone_is_not_silently_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(tmp_path / "gone")
    with pytest.raises(GatewayError, match="no longer there"):
        Embedded.start(tmp_path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(GatewayError, match="file/database cannot be used"):
        Embedded.start(tmp_path / "file" / "database")


def test_the_servers_log_holds_nothing_that_people_wrote(shared: Embedded) -> None:
    with psycopg.connect(shared.url(), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE person (name text UNIQUE)")
        connection.execute("INSERT INTO person VALUES (%s)", ["Farah"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES (%s)", ["Farah"])
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO person VALUES ('Farah')")
    log = (shared.data / "server.log").read_text()
    assert "duplicate key" in log
    assert "Farah" not in log


@as_root
def test_a_folder_that_is_closed_to_the_servers_account_stays_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with embedded_server(closed / "database") as server:
        assert ask(server.url(), "SELECT 1") == (1,)
        assert server.data.stat().st_uid != 0
        assert closed not in server.data.parents
    assert closed.stat().st_mode & 0o777 == 0o700


@as_root
def test_a_cluster_that_was_moved_out_of_reach_is_not_silently_begun_anew(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "database") as server:
        server.stop()
        server.data.rename(tmp_path / "data")
        with pytest.raises(GatewayError, match="can no longer reach it"):
            Embedded.start(tmp_path)
