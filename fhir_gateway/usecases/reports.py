"""What does a report of numbers look like?

MeasureReports of the kind summary, several of them in a Bundle, and the same as CSV. FHIR R4
MeasureReport; RFC 4180; decision 22.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from fhir_gateway.core.time import format_instant
from fhir_gateway.engines.metrics import Metric
from fhir_gateway.fhir.measures import MeasuredNumber, MeasureSpec, coded

_UCUM = "http://unitsofmeasure.org"


@dataclass(frozen=True, slots=True)
class Score:
    """One number.

    Args:
        code: Of our code system `metric`.
        value: None where it cannot be known.
        unit: UCUM: `%`, `min`, `1`.
        populations: Code and count of what it is made from.
    """

    code: str
    value: Decimal | None
    unit: str
    populations: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The numbers of one subject in one period.

    Args:
        measure: What is measured.
        at: When it was, aware.
        first, last: Days or times of the period, both included.
        subject: Reference of a Practitioner, a Location or whatever a MeasureReport can be about;
            None for all together.
        scores: In the order of the Measure.
        strata: What they are divided by -> of each part the same numbers.
    """

    measure: MeasureSpec
    at: datetime
    first: date | datetime
    last: date | datetime
    subject: str | None
    scores: Sequence[Score]
    strata: Mapping[str, Mapping[str, Sequence[Score]]] = field(default_factory=dict)


def numbers_of(metrics: Iterable[Metric], nothing: object) -> tuple[MeasuredNumber, ...]:
    """How a Measure declares numbers.

    Args:
        metrics: In order.
        nothing: Counts of theirs.
    """
    return tuple(
        MeasuredNumber(each.code, each.unit, tuple(code for code, _ in each.populations(nothing)))
        for each in metrics
    )


def scores_of(metrics: Iterable[Metric], counts: object) -> list[Score]:
    """The numbers that come of counts, in order."""
    return [
        Score(each.code, each.value(counts), each.unit, each.populations(counts))
        for each in metrics
    ]


def measure_report(report: Report) -> dict[str, Any]:
    """The MeasureReport, without id."""
    subject = {"subject": {"reference": report.subject}} if report.subject else {}
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": "summary",
        "measure": report.measure.url,
        **subject,
        "date": format_instant(report.at),
        "period": {"start": _moment(report.first), "end": _moment(report.last)},
        "group": [_group(report, place) for place in range(len(report.scores))],
    }


def collection(resources: Iterable[Mapping[str, Any]], at: datetime) -> dict[str, Any]:
    """A Bundle of unsaved resources."""
    entries = [{"resource": each} for each in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "timestamp": format_instant(at)}
    return bundle | ({"entry": entries} if entries else {})


def csv_of(reports: Iterable[Report]) -> bytes:
    """The same as CSV: a line for each report, and below it one for each of its strata.

    Args:
        reports: Of one Measure.
    """
    out = io.StringIO()
    lines = csv.writer(out)
    heads: list[str] = []
    for report in reports:
        if not heads:
            heads = _heads(report)
            lines.writerow(heads)
        place = [_moment(report.first), _moment(report.last), report.subject or ""]
        whole = [""] * len(report.measure.strata)
        lines.writerow([*place, *whole, *_numbers(heads, report.scores)])
        for code, parts in report.strata.items():
            for name, scores in parts.items():
                where = [name if each == code else "" for each in report.measure.strata]
                lines.writerow([*place, *where, *_numbers(heads, scores)])
    return out.getvalue().encode()


def _moment(value: date | datetime) -> str:
    return format_instant(value) if isinstance(value, datetime) else value.isoformat()


def _group(report: Report, place: int) -> dict[str, Any]:
    group = {"code": coded(report.scores[place].code)} | _measured(report.scores[place])
    strata = [
        {
            "code": [coded(code)],
            "stratum": [
                {"value": {"text": name}} | _measured(scores[place])
                for name, scores in parts.items()
            ],
        }
        for code, parts in report.strata.items()
        if parts
    ]
    return group | ({"stratifier": strata} if strata else {})


def _measured(score: Score) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if score.populations:
        found["population"] = [
            {"code": coded(code), "count": count} for code, count in score.populations
        ]
    if score.value is not None:
        unit = {"unit": score.unit, "system": _UCUM, "code": score.unit}
        found["measureScore"] = {"value": score.value, **unit}
    return found


def _heads(report: Report) -> list[str]:
    counted = dict.fromkeys(code for each in report.scores for code, _ in each.populations)
    scores = [each.code for each in report.scores]
    return ["start", "end", "subject", *report.measure.strata, *counted, *scores]


def _numbers(heads: Sequence[str], scores: Sequence[Score]) -> list[str]:
    found = {code: str(count) for each in scores for code, count in each.populations}
    found |= {each.code: "" if each.value is None else str(each.value) for each in scores}
    return [found[each] for each in heads if each in found]
