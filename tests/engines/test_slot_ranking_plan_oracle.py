"""Policy `plan` against the owner's rules written out again."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.clinic_time import instant_of
from fhir_gateway.engines.decision import contributions
from fhir_gateway.engines.priority_rules import PriorityRule
from fhir_gateway.engines.slot_facts import PatientFacts, RankingRequest
from fhir_gateway.engines.slot_ranking import Facts, rank
from fhir_gateway.engines.slot_search import columns
from tests.engines import plan_oracle
from tests.engines.builders import ZONES, cases, diary, found, moments, schedule, span

OLD = datetime(2025, 1, 1, tzinfo=UTC)
PEOPLE = ("Practitioner/a", "Practitioner/b", None)
PLACES = ("Location/x", "Location/y", None)


@st.composite
def rules(draw, number):
    some = st.frozensets(st.sampled_from(("type", "other")), max_size=1)
    return PriorityRule(
        id=f"rule-{number}",
        created=OLD + timedelta(days=draw(st.integers(0, 1))),
        appointment_types=draw(some),
        specialties=draw(st.frozensets(st.sampled_from(("specialty", "other")), max_size=2)),
        diagnoses=draw(st.frozensets(st.just("diagnosis"), max_size=1)),
        base_score=draw(st.sampled_from((-5, 0, 33, 79, 80, 95, 140))),
        multiplier=draw(st.sampled_from((Decimal(1), Decimal("1.15"), Decimal("0.33")))),
        max_wait_days=draw(st.none() | st.integers(0, 2)),
        same_day=draw(st.booleans()),
        active=draw(st.booleans()),
    )


def patients():
    percent = st.none() | st.decimals(0, 100, places=2)
    travel = st.dictionaries(
        st.sampled_from(PLACES[:2]), st.sampled_from(tuple(map(Decimal, ("0", "7", "12.5", "250"))))
    )
    return st.none() | st.builds(
        PatientFacts,
        no_show_rate=percent,
        travel_minutes=travel,
        preferred_days=st.frozensets(st.sampled_from(("mon", "thu", "fri", "sat", "sun"))),
        preferred_parts=st.frozensets(st.sampled_from(("morning", "afternoon", "evening"))),
        preferred_practitioners=st.frozensets(st.sampled_from(PEOPLE[:2])),
    )


@st.composite
def questions(draw):
    schedules = [
        schedule(
            f"s{index}",
            draw(st.sampled_from(ZONES)),
            draw(st.sampled_from(PEOPLE)),
            draw(st.sampled_from(PLACES)),
        )
        for index in range(3)
    ]
    anchor = draw(moments())
    steps = st.integers(0, 40)
    rows = draw(st.lists(st.tuples(st.integers(0, 2), steps), max_size=14, unique=True))
    slots = columns(
        (index, span(anchor + timedelta(minutes=75 * step)), f"slot-{-number % 100:02}")
        for number, (index, step) in enumerate(rows)
    )
    near = {
        person: [anchor + timedelta(minutes=5 * each) for each in draw(st.lists(steps, max_size=9))]
        for person in PEOPLE[:2]
    }
    request = RankingRequest(
        now=anchor - timedelta(hours=draw(st.integers(0, 30))),
        appointment_types=frozenset({"type"}),
        specialties=draw(st.sampled_from((frozenset(), frozenset({"specialty"})))),
        diagnoses=draw(st.sampled_from((frozenset(), frozenset({"diagnosis", "more"})))),
        practitioners=draw(st.permutations(PEOPLE[:2]).map(tuple)),
        waiting_since=draw(st.none() | st.just(anchor - timedelta(hours=40))),
    )
    listed = [draw(rules(number)) for number in range(draw(st.integers(0, 4)))]
    return schedules, slots, near, request, listed, draw(patients()), draw(st.integers(0, 15))


def ask_oracle(schedules, slots, near, request, listed, patient, top):
    base = [
        {
            "id": slots.ids[row],
            "row": row,
            "start": instant_of(slots.start[row]),
            "zone": schedules[slots.schedule[row]].zone,
            "provider": schedules[slots.schedule[row]].practitioner,
            "location": schedules[slots.schedule[row]].location,
        }
        for row in range(len(slots.ids))
    ]
    person = patient and {
        "rate": patient.no_show_rate,
        "travel": patient.travel_minutes,
        "days": patient.preferred_days,
        "parts": patient.preferred_parts,
        "providers": patient.preferred_practitioners,
    }
    written = [
        {
            "id": rule.id, "created": rule.created, "active": rule.active,
            "types": rule.appointment_types, "specialties": rule.specialties,
            "diagnoses": rule.diagnoses, "base": rule.base_score, "multiplier": rule.multiplier,
            "max_wait": rule.max_wait_days, "same_day": rule.same_day,
        }
        for rule in listed
    ]  # fmt: skip
    kinds = {
        "types": request.appointment_types,
        "specialties": request.specialties,
        "diagnoses": request.diagnoses,
    }
    since = request.waiting_since or request.now
    return plan_oracle.find_optimal_slots(
        base, person, written, kinds, near, request.now, since, request.practitioners, top
    )


@cases(220)
@given(questions())
def test_the_answer_is_the_owners_answer(question):
    schedules, slots, near, request, listed, patient, top = question
    diaries = {person: diary(*starts) for person, starts in near.items()}
    facts = Facts(slots, schedules, patient, listed, diaries)
    answer = rank("plan", found(slots, schedules, OLD), facts, request, top=top)
    expected, outside = ask_oracle(*question)
    assert [each.candidate for each in answer.ranked] == [each["row"] for each in expected]
    for mine, theirs in zip(answer.ranked, expected, strict=True):
        assert Fraction(mine.total) == theirs["score"]["total"]
        assert [Fraction(factor.value) for factor in mine.factors] == list(
            theirs["score"]["breakdown"].values()
        )
        assert abs(contributions(mine.factors) - mine.total) <= Decimal("0.005")
    assert ("outside-rule" in {note.code for note in answer.notes}) is outside
