"""`fhir-gateway evaluate no-show`: what is judged, on which rows, and what is told of it."""

import asyncio
import gzip
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import Result

from fhir_gateway.usecases.deps import Deps
from fhir_gateway.usecases.no_show_refit import refit
from tests.cli.conftest import Run
from tests.engines.visits import outcomes, some_visits
from tests.usecases.builders import an_appointment
from tests.usecases.clinic import TENANT, Clinic

HEADER = (
    "PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,Neighbourhood,SMS_received,"
    "No-show"
)
FIRST = date(2016, 4, 29)
COUNT = 3000


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """A clinic of thirty days whose no-shows have reasons, without the header."""
    visits = some_visits(COUNT)
    missed = outcomes(visits)
    found = []
    for row in np.arange(COUNT):
        day = FIRST + timedelta(days=int(row) // 100)
        booked = day - timedelta(days=int(visits.lead[row]))
        found.append(
            f"{row % 900},{row},{'FM'[int(visits.male[row])]},{booked}T08:30:00Z,{day}T00:00:00Z,"
            f'{visits.age[row]:.0f},"JARDIM, DA PENHA",{visits.reminded[row]:.0f},'
            f"{'Yes' if missed[row] else 'No'}"
        )
    return found


def a_file(folder: Path, lines: list[str], name: str = "a.csv", header: str = HEADER) -> Path:
    path = folder / name
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def told(run: Run, *arguments: Any) -> dict[str, Any]:
    result = run("evaluate", "no-show", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_later_rows_are_judged_by_what_the_earlier_ones_taught(
    run: Run, tmp_path: Path, lines: list[str]
) -> None:
    report = told(run, a_file(tmp_path, lines))
    assert report["learnt"] == {"visits": 2100, "from": "2016-04-29", "to": "2016-05-19"}
    assert report["judged"] == {"visits": 900, "from": "2016-05-20", "to": "2016-05-28"}
    for part in ("all", "lead >= 1 day"):
        judged = report["figures"][part]
        assert list(judged) == ["constant", "plan", "cold-start", "best"]
        assert judged["best"]["auc"] > judged["constant"]["auc"] == 0.5
        assert judged["best"]["skill"] > 0 > judged["plan"]["skill"]
    assert {each["name"] for each in report["groups"]} >= {"female", "male", "18 to 29 years"}
    assert report["microseconds_per_prediction"] > 0


def test_the_last_day_to_learn_from_can_be_said(run: Run, tmp_path: Path, lines: list[str]) -> None:
    report = told(run, a_file(tmp_path, lines), "--until", "2016-05-23", "--budget", "0.1")
    assert (report["learnt"]["visits"], report["judged"]["visits"]) == (2500, 500)
    assert report["figures"]["all"]["constant"]["recall"] == pytest.approx(0.1)


def test_another_file_is_judged_with_all_that_was_known(
    run: Run, tmp_path: Path, lines: list[str]
) -> None:
    first, second = a_file(tmp_path, lines[:2500]), a_file(tmp_path, lines[2500:], "b.csv")
    apart = told(run, first, "--test", second)
    together = told(run, a_file(tmp_path, lines, "c.csv"), "--until", "2016-05-23")
    assert apart["figures"] == together["figures"]


def test_rows_of_the_other_file_are_not_learnt_from(
    run: Run, tmp_path: Path, lines: list[str]
) -> None:
    second = a_file(tmp_path, lines[2500:], "b.csv")
    report = told(run, a_file(tmp_path, lines), "--test", second)
    assert report["learnt"]["visits"] == 2500
    assert "500 appointments of a.csv are also in b.csv: judged only" in report["notes"]


def test_rows_that_are_learnt_from_out_of_order_are_told(
    run: Run, tmp_path: Path, lines: list[str]
) -> None:
    first, second = a_file(tmp_path, lines[1000:]), a_file(tmp_path, lines[:1000], "b.csv")
    report = told(run, first, "--test", second)
    assert "2000 appointments learnt from are not earlier" in report["notes"][0]


def test_with_little_to_learn_from_the_cold_start_is_judged_and_this_is_said(
    run: Run, tmp_path: Path, lines: list[str]
) -> None:
    report = told(run, a_file(tmp_path, lines[:800]))
    assert report["figures"]["all"]["best"] == report["figures"]["all"]["cold-start"]
    assert "too few visits to learn from" in report["notes"][0]


def test_what_is_told_can_be_read_by_people(run: Run, tmp_path: Path, lines: list[str]) -> None:
    result = run("evaluate", "no-show", a_file(tmp_path, lines))
    assert result.exit_code == 0
    assert "judged  900 visits of 2016-05-20 to 2016-05-28" in result.output
    for word in ("AUC", "Brier skill", "calibration error", "cold-start", "lead >= 1 day", "µs"):
        assert word in result.output


def test_the_same_table_in_another_spelling_gives_the_same_figures(
    run: Run, tmp_path: Path, lines: list[str]
) -> None:
    header = "patient id;Appointment_ID;gender;Scheduled_Day;Appointment Day;AGE;SmsReceived;NoShow"
    other = [
        ";".join(cells).replace("T08:30:00Z", " 08:30:00+00:00").replace("T00:00:00Z", "")
        for cells in ([*line.split(",")[:6], *line.split(",")[8:]] for line in lines)
    ]
    path = tmp_path / "b.csv.gz"
    text = "\ufeff" + "\r\n".join([header, *other, "", ""])
    path.write_bytes(gzip.compress(text.encode("utf-8")))
    assert told(run, path)["figures"] == told(run, a_file(tmp_path, lines))["figures"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "give either FILE.csv or --own-history"),
        (["none.csv"], "none.csv: No such file or directory"),
        (["a.csv", "--own-history"], "give either FILE.csv or --own-history"),
        (["a.csv", "--until", "May"], "--until May: a day is written 2016-05-20"),
        (["a.csv", "--until", "2016-04-30"], "no appointment is later than 2016-04-30"),
        (["a.csv", "--until", "2016-04-01"], "no appointment is left to learn from"),
        (["a.csv", "--test", "a.csv"], "no appointment is left to learn from"),
    ],
)
def test_what_cannot_be_judged_is_said_in_one_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str],
    arguments: list[str], reason: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    a_file(tmp_path, lines[:150])
    result = run("evaluate", "no-show", *arguments)
    assert result.exit_code == 2
    assert reason in result.output


class Own:
    """Runs `evaluate` on a database of the gateway's, while the test goes on beside it."""

    def __init__(self, run: Run, clinic: Clinic) -> None:
        self._run = run
        self.clinic = clinic

    async def __call__(self, *arguments: str) -> Result:
        return await asyncio.to_thread(self._run, "evaluate", *arguments)


@pytest.fixture
def own(run: Run, deps: Deps, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Own:
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Own(run, Clinic(deps))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no-show", "--own-history"], "no appointment has been missed or kept"),
        (["no-show", "--own-history", "--tenant", "nowhere"], "there is no tenant nowhere"),
        (["no-show-card"], "no model has been made yet"),
    ],
)
async def test_what_an_empty_clinic_cannot_tell_is_said(
    own: Own, arguments: list[str], reason: str
) -> None:
    result = await own(*arguments)
    assert (result.exit_code, reason in result.output) == (2, True), result.output


async def test_a_clinics_own_appointments_are_judged_and_its_card_is_told(own: Own) -> None:
    clinic = own.clinic
    await clinic.settle()
    for day, status in ((5, "noshow"), (6, "fulfilled"), (7, "fulfilled"), (8, "noshow")):
        when = {"start": f"2026-01-0{day}T09:00:00Z", "end": f"2026-01-0{day}T09:30:00Z"}
        await clinic.post(an_appointment(schedule=None, status=status) | when)
    judged = json.loads((await own("no-show", "--own-history", "--json")).stdout)
    assert (judged["learnt"]["visits"], judged["judged"]["visits"]) == (3, 1)
    await refit(clinic.deps, clinic.deps.tenants[TENANT])
    card = await own("no-show-card")
    assert "version 1, made " in card.output
    assert "from cold-start\nbecause too few visits to learn from" in card.output
    assert json.loads((await own("no-show-card", "--json")).stdout)["missed"] == 2


async def test_counters_are_counted_anew(own: Own) -> None:
    await own.clinic.settle()
    await own.clinic.book()
    assert (await own("recount")).output == "everything was right\n"
    async with own.clinic.deps.database.transaction(TENANT) as tx:
        await tx.execute("UPDATE patient_counter SET total = 9")
    assert (await own("recount")).output == "corrected: the counters of 1 patients\n"
    assert (await own("recount")).output == "everything was right\n"
