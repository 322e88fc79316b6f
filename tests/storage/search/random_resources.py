"""Random resources that point to each other, made so that most searches find something."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from fhir_gateway.core.codes import EXT_SCORE
from tests.storage.search.oracle_parameters import Resource

#: How many resources there are of each type; ids are numbers.
Sizes = Mapping[str, int]

CODES = ("urn:a|x", "urn:a|y", "urn:b|x", "x", "z", "urn:c|p,q$r")
TEXTS = ("Flu", "Grippé, heavy", "flu shot", "Other")
TIMES = (
    "2026-03-01T23:30:00Z",
    "2026-03-02T00:30:00+01:00",
    "2026-03-02T08:00:30Z",
    "2026-03-02T09:00:00Z",
    "2026-03-02T09:00:00.250Z",
    "2026-03-02T09:00:00.900Z",
    "2026-03-29T01:30:00Z",
    "2026-04-01T00:00:00Z",
)
DATES = ("2025", "2026", "2026-03", "2026-03-02", "2026-03-29", "2026-12", "2026-04-01")
NAMES = ("Ali", "Alí", "ALICE", "Øre", "Bo", "bob", "Li Bo", "O,Re", "A|b$", "B\\o")
NUMBERS = ("0", "-3", "5", "5.4", "5.40", "5.44", "5.45", "5.5", "99.5", "100")
URIS = ("http://a.example/x", "http://a.example/x/y", "http://A.example/x", "urn:uuid:1,2")
#: (system, code, unit) of quantities.
UNITS = (("urn:u", "min", "minutes"), ("urn:u", "h", "h"), ("urn:v", "min", "min"))
CHANGED = ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.500Z", "2026-03-02T00:30:00Z")
#: Short: of five texts in an order only 36 characters each are compared.
FOREIGN = "http://x.example/"

_text = st.sampled_from(TEXTS)
_time = st.sampled_from(TIMES)
_moment = st.sampled_from(DATES + TIMES)
_period = st.sampled_from(
    (
        {"start": "2026-03-01T00:00:00Z", "end": "2026-03-02T09:00:00Z"},
        {"start": "2026-03-02"},
        {"start": "2026-03-29", "end": "2026-03-29"},
        {"end": "2026-03"},
    )
)


def _split(code: str, name: str) -> Resource:
    system, bar, value = code.rpartition("|")
    return ({"system": system} if bar else {}) | {name: value}


def _few(each: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(each, min_size=1, max_size=3)


_coding = st.builds(
    lambda code, more: _split(code, "code") | more,
    st.sampled_from(CODES),
    st.one_of(st.just({}), st.just({}), _text.map(lambda text: {"display": text})),
)
_concept = st.one_of(
    st.lists(_coding, min_size=1, max_size=2).map(lambda found: {"coding": found}),
    st.builds(lambda one, text: {"coding": [one], "text": text}, _coding, _text),
    _text.map(lambda text: {"text": text}),
)
_identifier = st.builds(
    lambda code, more: _split(code, "value") | more,
    st.sampled_from(CODES),
    st.one_of(st.just({}), _concept.map(lambda kind: {"type": kind})),
)
_contact = st.builds(
    lambda system, value: {"system": system, "value": value},
    st.sampled_from(("phone", "email")),
    st.sampled_from(("x", "y")),
)
_name = st.fixed_dictionaries(
    {"family": st.sampled_from(NAMES)},
    optional={"given": _few(st.sampled_from(NAMES)), "text": st.sampled_from(NAMES)},
)
_quantity = st.builds(
    lambda number, unit: (
        {"value": Decimal(number), "system": unit[0], "code": unit[1], "unit": unit[2]}
    ),
    st.sampled_from(NUMBERS),
    st.sampled_from(UNITS),
)
_range = st.fixed_dictionaries({"low": _quantity}, optional={"high": _quantity}).map(
    lambda found: found | {"high": found.get("high", {}) | {"value": Decimal(1000)}}
)
_prediction = st.one_of(
    st.sampled_from(NUMBERS).map(lambda text: {"probabilityDecimal": Decimal(text)}),
    _range.map(lambda found: {"probabilityRange": found}),
    _concept.map(lambda found: {"qualitativeRisk": found}),
)
_meta = st.fixed_dictionaries(
    {"lastUpdated": st.sampled_from(CHANGED)},
    optional={
        "tag": _few(_coding),
        "security": _few(_coding),
        "profile": _few(st.sampled_from(URIS)),
        "source": st.sampled_from(URIS),
    },
)


def pointing(sizes: Sizes, *types: str) -> st.SearchStrategy[Resource]:
    """A Reference to one of these types: mostly literal, sometimes with a version, foreign, or by
    identifier alone."""
    names = st.sampled_from(types).flatmap(
        lambda kind: st.integers(0, sizes[kind]).map(lambda number: f"{kind}/{number}")
    )
    literal = names.map(lambda text: {"reference": text})
    return st.one_of(
        literal,
        literal,
        literal,
        literal,
        names.map(lambda text: {"reference": f"{text}/_history/1"}),
        names.map(lambda text: {"reference": FOREIGN + text}),
        st.builds(lambda one, other: one | {"identifier": other}, literal, _identifier),
        st.builds(
            lambda kind, other: {"type": kind, "identifier": other},
            st.sampled_from(types),
            _identifier,
        ),
    )


def elements(type_name: str, sizes: Sizes) -> st.SearchStrategy[Resource]:
    """What a resource of a type says, without its type and id."""
    required, optional = _ELEMENTS[type_name](sizes)
    return st.fixed_dictionaries(
        {"meta": _meta} | required,
        optional=optional,
    )


_Parts = tuple[dict[str, st.SearchStrategy[Any]], dict[str, st.SearchStrategy[Any]]]


def _slot(sizes: Sizes) -> _Parts:
    return {
        "status": st.sampled_from(("free", "busy")),
        "schedule": pointing(sizes, "Schedule"),
        "start": _time,
        "end": st.sampled_from(("2026-04-01T00:00:00Z", "2026-04-01T00:30:00Z")),
    }, {
        "overbooked": st.booleans(),
        "appointmentType": _concept,
        "serviceType": _few(_concept),
        "identifier": _few(_identifier),
    }


def _appointment(sizes: Sizes) -> _Parts:
    participant = st.fixed_dictionaries(
        {
            "actor": pointing(sizes, "Patient", "Practitioner"),
            "status": st.sampled_from(("accepted", "declined")),
        }
    )
    return {"status": st.sampled_from(("booked", "busy")), "participant": _few(participant)}, {
        "start": _time,
        "appointmentType": _concept,
        "serviceType": _few(_concept),
        "slot": _few(pointing(sizes, "Slot")),
        "requestedPeriod": _few(_period),
        "extension": st.builds(_extensions, st.sampled_from(NUMBERS), st.booleans()),
    }


def _extensions(total: str, summed: bool) -> list[Resource]:
    """Another one that looks alike, and a score; its total is there where it is a sum."""
    part = [{"url": "total", "valueDecimal": Decimal(total)}] if summed else []
    policy = {"url": "policy", "valueCode": "best"}
    return [
        {"url": "urn:other", "extension": [{"url": "total", "valueDecimal": Decimal(7)}]},
        {"url": EXT_SCORE, "extension": [policy, *part]},
    ]


def _patient(sizes: Sizes) -> _Parts:
    return {}, {
        "active": st.booleans(),
        "gender": st.sampled_from(("male", "female", "other")),
        "identifier": _few(_identifier),
        "telecom": _few(_contact),
        "name": _few(_name),
        "birthDate": st.sampled_from(DATES),
        "deceasedDateTime": _moment,
        "generalPractitioner": _few(pointing(sizes, "Practitioner")),
    }


def _practitioner(_: Sizes) -> _Parts:
    return {}, {"active": st.booleans(), "identifier": _few(_identifier), "name": _few(_name)}


def _schedule(sizes: Sizes) -> _Parts:
    return {"actor": _few(pointing(sizes, "Patient", "Practitioner"))}, {
        "active": st.booleans(),
        "identifier": _few(_identifier),
        "planningHorizon": _period,
    }


def _task(sizes: Sizes) -> _Parts:
    return {"status": st.sampled_from(("requested", "busy"))}, {
        "code": _concept,
        "businessStatus": _concept,
        "for": pointing(sizes, "Patient"),
        "focus": pointing(sizes, "Appointment", "Slot", "Patient"),
        "partOf": _few(pointing(sizes, "Task")),
        "authoredOn": _moment,
        "executionPeriod": _period,
    }


def _encounter(sizes: Sizes) -> _Parts:
    return {"status": st.sampled_from(("planned", "busy")), "class": _coding}, {
        "length": _quantity,
        "subject": pointing(sizes, "Patient"),
        "appointment": _few(pointing(sizes, "Appointment")),
        "partOf": pointing(sizes, "Encounter"),
        "period": _period,
        "location": _few(_period.map(lambda period: {"period": period})),
    }


def _risk_assessment(sizes: Sizes) -> _Parts:
    return {"status": st.just("final"), "subject": pointing(sizes, "Patient")}, {
        "prediction": _few(_prediction),
        "basis": _few(pointing(sizes, "Appointment")),
        "occurrenceDateTime": _moment,
    }


def _plan_definition(_: Sizes) -> _Parts:
    value = st.one_of(
        _quantity.map(lambda found: {"valueQuantity": found}),
        _range.map(lambda found: {"valueRange": found}),
        _concept.map(lambda found: {"valueCodeableConcept": found}),
    )
    context = st.builds(lambda code, found: {"code": code} | found, _coding, value)
    return {"status": st.just("active")}, {
        "url": st.sampled_from(URIS),
        "name": st.sampled_from(NAMES),
        "useContext": _few(context),
        "effectivePeriod": _period,
    }


_ELEMENTS = {
    "Slot": _slot,
    "Appointment": _appointment,
    "Patient": _patient,
    "Practitioner": _practitioner,
    "Schedule": _schedule,
    "Task": _task,
    "Encounter": _encounter,
    "RiskAssessment": _risk_assessment,
    "PlanDefinition": _plan_definition,
}
