"""Does a running gateway follow its descriptions of senders, and share its messages with people?"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.hl7.client import MllpClient
from tests.flows.gateway import Gateway, a_gateway
from tests.mapping.builders import siu

pytestmark = pytest.mark.slow

VISIT = siu("PID|1||A1||Ash^Ann", "PV1|1|O" + "|" * 17 + "V-7", sch={1: "", 2: ""})
STRICT = "application: EHR\nack: strict\n"
KNOWING = f"{STRICT}identity_fields: [PV1-19]\n"


def _commanded(gateway: Gateway, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "fhir_gateway", *arguments, "--data-dir", ".local"],
        cwd=gateway.folder, env={**os.environ, "COLUMNS": "200"}, check=False, text=True,
        timeout=60, capture_output=True,
    )  # fmt: skip


def _logged(gateway: Gateway, action: str, count: int) -> str:
    """The log once it says that so often."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        log = (gateway.folder / "error").read_text(encoding="utf-8")
        if log.count(action) >= count:
            return log
        time.sleep(0.02)
    raise AssertionError(log)


async def test_descriptions_are_read_again_without_losing_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "senders").mkdir()
    described = tmp_path / "senders" / "ehr.yaml"
    described.write_text(STRICT)
    monkeypatch.setenv("FHIR_GATEWAY_CONFIG_DIR", str(tmp_path))
    with a_gateway(tmp_path) as gateway:
        host, port = gateway.mllp.split(":")

        async with MllpClient(host, int(port)) as connection:

            async def answer(raw: bytes) -> str:
                return read_ack(await connection.send(raw, timeout=30)).code

            def told(text: str, action: str, count: int = 1) -> str:
                described.write_text(text)
                gateway.process.send_signal(signal.SIGHUP)
                return _logged(gateway, action, count)

            assert await answer(VISIT) == "AE"
            log = told("application: EHR\nzone: Nowhere\n", "senders.kept")
            assert "ehr.yaml: zone: 'Nowhere' is not an IANA time zone" in log
            assert await answer(VISIT.replace(b"|M-1|", b"|M-2|")) == "AE"
            told(KNOWING, "senders.loaded")
            assert await answer(VISIT.replace(b"|M-1|", b"|M-3|")) == "AA"
        # People apply what waits beside the running gateway, in its embedded database.
        done = _commanded(gateway, "messages", "replay", "--all")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1] == "2 superseded"
