from dataclasses import replace
from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_gateway.engines.decision import Refusal
from fhir_gateway.engines.quiet_hours import QuietHours
from fhir_gateway.engines.waitlist import order
from fhir_gateway.engines.waitlist_facts import FreedTime, WaitlistEntry
from fhir_gateway.engines.waitlist_wave import (
    Acceptance,
    Cascade,
    Occasion,
    minutes_left,
    next_wave,
    next_wave_due,
    notice_bucket,
    offer_expiry,
    offer_to,
    offers_missing,
    offers_needed,
    wave_minutes,
    wave_size,
)
from tests.engines.builders import BERLIN, at, cases

TEN = at("2026-06-15T10:00")
HOUR = timedelta(hours=1)
UNSEEN = Acceptance().chance
FREED = FreedTime(TEN, TEN + HOUR, "Asia/Riyadh", frozenset({"checkup"}))
ENTRIES = [
    WaitlistEntry(f"e{n}", f"Patient/{n}", FREED.service_types, TEN - (90 - n) * HOUR)
    for n in range(9)
]


def placed(policy="best", entries=ENTRIES):
    return order(policy, entries, FREED, TEN - 8 * HOUR)


def test_row_w9_plan_asks_the_first_five_once_and_never_cascades():
    ranked = placed("plan")
    first = next_wave("plan", ranked, Cascade())
    assert first == ("e0", "e1", "e2", "e3", "e4")
    asked = Cascade(frozenset(first), live=4, minutes_left=300)
    for occasion in Occasion:
        assert next_wave("plan", ranked, asked, occasion) == ()


def test_row_w5_plan_counts_by_entry_even_where_a_person_has_two():
    twice = [ENTRIES[0], replace(ENTRIES[1], patient="Patient/0")]
    assert next_wave("plan", placed("plan", twice), Cascade()) == ("e0", "e1")


def test_best_asks_a_wave_and_then_those_who_come_next():
    ranked = placed()
    first = next_wave("best", ranked, Cascade(minutes_left=115))
    assert first == ("e0", "e1", "e2")
    after = Cascade(minutes_left=75).asking(first)
    assert next_wave("best", ranked, after, Occasion.WAVE) == ("e3", "e4", "e5", "e6")


def test_best_asks_one_by_one_while_there_is_time():
    assert next_wave("best", placed(), Cascade(minutes_left=450)) == ("e0",)
    after = Cascade(minutes_left=433).asking(("e0",))
    assert next_wave("best", placed(), after, Occasion.WAVE) == ("e1",)


def test_after_a_decline_or_an_expiry_exactly_the_next_is_asked():
    declined = Cascade(frozenset({"e0", "e1"}), live=1, minutes_left=5)
    assert next_wave("best", placed(), declined, Occasion.ANSWERED) == ("e2",)


def test_nobody_is_left_when_all_were_asked():
    everybody = Cascade(frozenset(entry.id for entry in ENTRIES), minutes_left=300)
    assert next_wave("best", placed(), everybody, Occasion.ANSWERED) == ()


def test_a_patient_has_at_most_two_live_offers():
    entries = [replace(ENTRIES[0], live_offers=2), replace(ENTRIES[1], live_offers=1), ENTRIES[2]]
    assert next_wave("best", placed(entries=entries), Cascade(minutes_left=20)) == ("e1", "e2")


def test_best_asks_a_person_once_for_one_time():
    twice = [ENTRIES[0], replace(ENTRIES[1], patient="Patient/0"), ENTRIES[2]]
    assert next_wave("best", placed(entries=twice), Cascade(minutes_left=20)) == ("e0", "e2")
    asked = Cascade(frozenset({"e0"}), minutes_left=20)
    assert next_wave("best", placed(entries=twice), asked, Occasion.ANSWERED) == ("e2",)


@pytest.mark.parametrize(
    ("chance", "needed"), [(0.083333, 27), (0.2, 11), (0.5, 4), (0.9, 1), (0.95, 1)]
)
def test_so_many_offers_fill_nine_times_in_ten(chance, needed):
    assert offers_needed(chance) == needed
    assert 1 - (1 - chance) ** needed >= 0.9 - 1e-9


def test_the_chance_starts_at_one_in_twelve_and_follows_the_answers():
    assert Acceptance().chance == pytest.approx(1 / 12)
    assert Acceptance(accepted=30, refused=30).chance == pytest.approx(31 / 72)


def test_open_offers_count_towards_those_needed():
    assert wave_size(Cascade(live=27, minutes_left=450), UNSEEN) == 0
    assert wave_size(Cascade(live=20, minutes_left=450), UNSEEN) == 1


def test_no_wave_expects_more_than_half_an_acceptance_unless_time_is_short():
    good = Acceptance(accepted=30, refused=30).chance
    assert wave_size(Cascade(minutes_left=180), good) == 1
    assert wave_size(Cascade(minutes_left=181), UNSEEN) == 2
    assert wave_size(Cascade(minutes_left=19), good) == 5
    assert wave_size(Cascade(minutes_left=19), UNSEEN) == 27


def test_no_minute_left_asks_nobody():
    assert wave_size(Cascade(minutes_left=0), UNSEEN) == 0
    assert next_wave("best", placed(), Cascade(minutes_left=0)) == ()


@cases(200)
@given(st.floats(0.1, 50_000), st.integers(0, 40), st.integers(0, 99), st.integers(0, 99))
def test_a_wave_is_never_larger_than_needed_and_keeps_the_cap(left, live, won, lost):
    answers = Acceptance(won, lost)
    size = wave_size(Cascade(live=live, minutes_left=left), answers.chance)
    assert 0 <= size <= max(0, offers_needed(answers.chance) - live)
    assert left < 180 or size <= 1 or size * answers.chance <= 0.5


@pytest.mark.parametrize(
    ("left", "missing", "minutes"),
    [(555, 27, 20), (60, 27, 10), (5, 1, 10), (2880, 20, 120), (90, 0, 75)],
)
def test_waves_share_what_is_left_among_those_who_are_missing_within_limits(left, missing, minutes):
    assert wave_minutes(left, missing) == minutes


@cases(50)
@given(st.floats(15, 5_000), st.integers(0, 30), st.integers(0, 60))
def test_waves_reach_the_number_needed_before_the_time_is_lost(left, won, lost):
    chance = Acceptance(won, lost).chance
    cascade = Cascade(minutes_left=left)
    while cascade.minutes_left >= 15:
        missing = offers_missing(cascade, chance)
        cascade = cascade.asking(["e"] * wave_size(cascade, chance))
        cascade = replace(
            cascade, minutes_left=cascade.minutes_left - wave_minutes(cascade.minutes_left, missing)
        )
    assert offers_missing(cascade, chance) == 0


def test_plan_offers_end_two_hours_before_the_start():
    assert offer_expiry("plan", TEN - 9 * HOUR, FREED) == TEN - 2 * HOUR


def test_row_w6_an_expiry_in_the_past_is_too_late():
    for now in (TEN - 2 * HOUR, TEN - HOUR, TEN + HOUR):
        refusal = offer_expiry("plan", now, FREED)
        assert isinstance(refusal, Refusal)
        assert refusal.reason == "too-late"


@pytest.mark.parametrize(
    ("lead", "window"),
    [
        (timedelta(days=10), timedelta(hours=24)),
        (timedelta(hours=48), timedelta(hours=12)),
        (timedelta(hours=8), timedelta(hours=2)),
        (timedelta(hours=1), timedelta(minutes=15)),
        (timedelta(minutes=45), timedelta(minutes=15)),
    ],
)
def test_the_window_of_best_shrinks_with_the_lead(lead, window):
    assert offer_expiry("best", TEN - lead, FREED) == TEN - lead + window


def test_best_is_too_late_where_nobody_could_answer_and_come():
    assert offer_expiry("best", TEN - timedelta(minutes=44), FREED).reason == "too-late"
    careful = replace(FREED, minimum_notice=240)
    assert offer_expiry("best", TEN - 4 * HOUR, careful).reason == "too-late"
    assert (
        offer_expiry("best", TEN - 5 * HOUR, careful) == TEN - 5 * HOUR + 1.25 * HOUR - 0.25 * HOUR
    )


def test_an_expiry_is_counted_in_real_hours_across_a_clock_change():
    four = at("2026-03-29T04:00", BERLIN).astimezone(BERLIN)
    freed = FreedTime(four, four + HOUR, "Europe/Berlin", FREED.service_types)
    assert offer_expiry("plan", at("2026-03-28T12:00", BERLIN), freed) == at(
        "2026-03-29T01:00", BERLIN
    )
    assert minutes_left(freed, at("2026-03-29T01:00", BERLIN)) == 90


def test_minutes_left_end_with_the_last_moment_to_set_out():
    assert minutes_left(FREED, TEN - 8 * HOUR) == 450
    assert minutes_left(replace(FREED, minimum_notice=60), TEN - 8 * HOUR) == 420
    assert minutes_left(FREED, TEN) == 0


# --- who can be told, and when -------------------------------------------------------------------

NIGHT = QuietHours(time(21), time(8))
ASLEEP = replace(FREED, quiet=NIGHT)


def test_row_w4_nobody_is_asked_who_cannot_be_told():
    silent = replace(ENTRIES[0], channels=())
    assert offer_to("plan", TEN - 9 * HOUR, FREED, silent).reason == "unreachable"
    assert offer_to("plan", TEN - 9 * HOUR, FREED, ENTRIES[0]) == TEN - 2 * HOUR


def test_the_clock_of_best_stands_still_at_night():
    evening = TEN - 14 * HOUR  # 20:00; a window of three and a half hours
    assert offer_expiry("best", evening, FREED) == evening + 3.5 * HOUR
    assert offer_expiry("best", evening, ASLEEP) == TEN - 0.5 * HOUR
    long_before = replace(ASLEEP, start=TEN + 6 * HOUR, end=TEN + 7 * HOUR)
    assert offer_expiry("best", evening, long_before) == TEN + 2 * HOUR


def test_the_expiry_of_plan_is_the_owners_at_night_too():
    assert offer_expiry("plan", TEN - 14 * HOUR, ASLEEP) == offer_expiry(
        "plan", TEN - 14 * HOUR, FREED
    )


def test_whoever_sleeps_until_it_is_too_late_is_not_asked():
    at_nine = replace(ASLEEP, start=TEN - HOUR, end=TEN)
    midnight = TEN - 10 * HOUR
    assert offer_expiry("plan", midnight, at_nine).reason == "quiet-hours"
    careful = replace(at_nine, minimum_notice=60)
    assert offer_expiry("best", midnight, careful).reason == "quiet-hours"
    assert offer_expiry("best", midnight, careful, "Asia/Tokyo") > midnight


def test_waves_wait_for_the_morning():
    evening = TEN - 13.5 * HOUR  # 20:30
    by_day = Cascade(minutes_left=minutes_left(FREED, evening), live=15)
    assert next_wave_due(FREED, evening, by_day, placed()) == evening + 63.75 / 60 * HOUR
    by_night = Cascade(minutes_left=minutes_left(ASLEEP, evening), live=24)
    assert next_wave_due(ASLEEP, evening, by_night, placed()) == TEN - 2 * HOUR + 5 / 60 * HOUR
    assert minutes_left(ASLEEP, evening) == 30 + 90


def test_the_notice_is_that_of_the_kind_of_visit():
    careful = replace(FREED, notice_by_type={"checkup": 240, "phone": 5})
    assert offer_to("best", TEN - 3 * HOUR, careful, ENTRIES[0]).reason == "too-late"
    assert careful.notice_for(["phone"]) == 5
    assert careful.notice_for(["phone", "checkup"]) == 240
    assert careful.notice_for(["other"]) == 0


@pytest.mark.parametrize(
    ("minutes", "bucket"), [(0, 0), (179, 0), (180, 1), (480, 2), (1440, 3), (4320, 4), (99999, 4)]
)
def test_offers_are_alike_by_their_notice(minutes, bucket):
    assert notice_bucket(minutes) == bucket


def test_the_size_of_a_wave_follows_the_answers_of_its_channels():
    keen, deaf = Acceptance(30, 30), Acceptance(0, 400)
    by_channel = {"sms": keen, "email": deaf}
    by_mail = [replace(entry, channels=("email",)) for entry in ENTRIES]
    cascade = Cascade(minutes_left=450, acceptances=by_channel)
    assert len(next_wave("best", placed(), cascade)) == 1
    assert len(next_wave("best", placed(entries=by_mail), cascade)) == len(ENTRIES)
    assert cascade.chance(placed()[:1]) == pytest.approx(31 / 72)
    unseen = replace(ENTRIES[0], channels=("push",))
    assert cascade.chance(placed(entries=[unseen])) == pytest.approx(1 / 12)
