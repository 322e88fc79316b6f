"""How a table of appointments is read, and what is said where it cannot be."""

import gzip
import math
from datetime import date

import pytest

from fhir_gateway.core.errors import GatewayError
from fhir_gateway.engines.clinic_time import day_number
from fhir_gateway.usecases.no_show_file import Outcome, booked, read_outcomes, without

HEADER = "PatientId,AppointmentID,Gender,ScheduledDay,AppointmentDay,Age,SMS_received,No-show"
LINE = "29872499824296,5642903,F,2016-04-27T18:00:00Z,2016-04-29T00:00:00Z,62,0,No"


def read(*lines: str, header: str = HEADER) -> list[Outcome]:
    return read_outcomes("a.csv", "\n".join([header, *lines]).encode())


def changed(**cells: str) -> str:
    return ",".join(
        cells.get(name.replace("-", "_"), cell)
        for name, cell in zip(HEADER.split(","), LINE.split(","), strict=True)
    )


def refused(*lines: str, header: str = HEADER) -> str:
    with pytest.raises(GatewayError) as error:
        read(*lines, header=header)
    return str(error.value)


def test_a_line_is_read() -> None:
    day = day_number(date(2016, 4, 29))
    assert read(LINE) == [
        Outcome("29872499824296", day, day - 2 + 0.75, True, False, 62, 0, 0, "5642903")
    ]


@pytest.mark.parametrize(
    "text",
    ["2016-04-27T18:00:00Z", "2016-04-27T18:00:00.000+00:00", "2016-04-27 18:00:00",
     "2016-04-27T18:00Z", "2016-4-27 18:00"],
)  # fmt: skip
def test_a_time_may_be_written_in_several_ways(text: str) -> None:
    assert read(changed(ScheduledDay=text)) == read(LINE)


def test_a_day_alone_has_no_hour() -> None:
    one = read(changed(ScheduledDay="2016-04-27", AppointmentDay="2016-04-29"))[0]
    assert (one.day - one.booked, one.has_hour) == (2, False)
    assert math.isnan(booked([one]).booking_hour[0])


def test_one_patient_may_be_written_as_a_number_in_two_ways() -> None:
    both = read(LINE, changed(PatientId="2.9872499824296E+13"), changed(PatientId="Ann"))
    assert booked(both).patient.tolist() == [0, 0, 1]


@pytest.mark.parametrize(("text", "age"), [("", None), ("-1", None), ("200", None), ("7.0", 7)])
def test_an_age_that_nobody_has_is_unknown(text: str, age: float | None) -> None:
    found = read(changed(Age=text))[0].age
    assert (None if math.isnan(found) else found) == age


@pytest.mark.parametrize(("text", "missed"), [("Yes", True), ("no", False), ("1", True)])
def test_whether_somebody_came_may_be_written_in_several_ways(text: str, missed: bool) -> None:
    assert read(changed(No_show=text))[0].missed == missed


def test_only_four_columns_have_to_be_there() -> None:
    found = read(
        "no,Ann,2016-04-29,2016-04-27", header="NOSHOW,patient_id,appointmentday,ScheduledDay"
    )
    assert (found[0].patient, found[0].missed, found[0].id) == ("Ann", False, "")
    assert all(math.isnan(each) for each in (found[0].age, found[0].male, found[0].reminded))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_the_encoding_does_not_matter(encoding: str) -> None:
    text = f"{HEADER},Neighbourhood\n{LINE},CONSOLAÇÃO\n".encode(encoding)
    assert read_outcomes("a.csv", text) == read_outcomes("a.csv", gzip.compress(text)) == read(LINE)


def test_quoted_cells_may_hold_line_ends_and_lines_are_still_counted() -> None:
    two_lines = "Neighbourhood," + HEADER
    good, bad = f'"JARDIM\nCAMBURI",{LINE}', f"x,{changed(Age='old')}"
    assert refused(good, bad, header=two_lines) == (
        "a.csv, line 4: Age: 'old' is not a number of years"
    )


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"ScheduledDay": "29/04/2016"},
         "ScheduledDay: '29/04/2016' is not a date like 2016-04-29 or 2016-04-29T18:38:08Z"),
        ({"AppointmentDay": "2016-02-30"},
         "AppointmentDay: '2016-02-30' is not a day and time that there are"),
        ({"No_show": "maybe"}, "No-show: 'maybe' is not Yes or No"),
        ({"No_show": ""}, "No-show: it is empty, and has to be Yes or No"),
        ({"PatientId": " "}, "PatientId: it is empty, and has to be a number or name"),
        ({"SMS_received": "x"}, "SMS_received: 'x' is not Yes or No"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_with_its_line(cells: dict[str, str], reason: str) -> None:
    assert refused(LINE, changed(**cells)) == f"a.csv, line 3: {reason}"


@pytest.mark.parametrize(
    ("header", "lines", "reason"),
    [
        (
            "Age",
            [],
            "a.csv, line 1: there is no column PatientId, ScheduledDay, AppointmentDay, No-show",
        ),
        (HEADER.replace("No-show", "Came"), [LINE], "a.csv, line 1: there is no column No-show"),
        (f"{HEADER},no show", [LINE], "a.csv, line 1: two columns are called no show"),
        (HEADER, [], "a.csv: no appointment below the header"),
        (HEADER, [LINE, "1,2"], "a.csv, line 3: it has 2 columns, fewer than the header"),
        (HEADER, [LINE, '"1'], "a.csv, line 3: unexpected end of data"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_told(header: str, lines: list[str], reason: str) -> None:
    assert refused(*lines, header=header) == reason


def test_a_damaged_archive_is_told() -> None:
    with pytest.raises(GatewayError, match=r"a\.csv: it is damaged"):
        read_outcomes("a.csv", gzip.compress(LINE.encode())[:-9])


def test_progress_is_told_on_the_way() -> None:
    told: list[int] = []
    content = "\n".join([HEADER, *[LINE] * 10_000]).encode()
    read_outcomes("a.csv", content, told.append)
    assert told == [5001, 10001]


def test_rows_of_another_table_are_left_out_by_their_id() -> None:
    other = read(changed(AppointmentID="7"), changed(AppointmentID=""))
    assert [each.id for each in without(read(LINE) + other, read(LINE))] == ["7", ""]
