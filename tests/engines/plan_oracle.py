"""The owner's SmartScheduler and WaitlistEngine, written out again as they stand in the plan.

Queries become loops over lists; the only changes are the settled rows, each marked. Numbers are
fractions, since the rules are meant as decimals (row S8). Nothing here comes from the engines.
"""

from fractions import Fraction
from zoneinfo import ZoneInfo

WEIGHTS = {
    "provider_availability": Fraction(30, 100),
    "patient_priority": Fraction(25, 100),
    "no_show_risk": Fraction(20, 100),
    "geographic_proximity": Fraction(15, 100),
    "patient_preference": Fraction(10, 100),
}


def half_even(value):
    return Fraction(round(value * 100), 100)


def local(slot):
    return slot["start"].astimezone(ZoneInfo(slot["zone"]))  # row S4


def find_optimal_slots(base_slots, patient, rules, kinds, nearby, now, since, asked, max_results):
    scored = []
    for slot in base_slots:
        score = calculate_slot_score(slot, patient, rules, kinds, nearby)
        scored.append({**slot, "score": score})
    scored.sort(key=lambda x: x["id"])
    scored.sort(key=lambda x: asked.index(x["provider"]) if x["provider"] in asked else len(asked))
    scored.sort(key=lambda x: x["start"])
    scored.sort(key=lambda x: x["score"]["total"], reverse=True)
    return apply_priority_routing(scored, rules, kinds, now, since, max_results)  # row S6


def calculate_slot_score(slot, patient, rules, kinds, nearby):
    scores = {
        "provider_availability": score_provider_availability(slot, nearby),
        "patient_priority": score_patient_priority(rules, kinds),
        "no_show_risk": score_no_show_risk(patient),
        "geographic_proximity": score_geographic_proximity(slot, patient),
        "patient_preference": score_patient_preference(slot, patient),
    }
    total = sum(scores[factor] * WEIGHTS[factor] for factor in scores)
    return {"total": half_even(total), "breakdown": scores}


def score_provider_availability(slot, nearby):
    appointments_nearby = 0
    for start in nearby.get(slot["provider"], []):
        if -900 <= (start - slot["start"]).total_seconds() <= 900:
            appointments_nearby += 1
    if appointments_nearby == 0:
        return Fraction(100)
    if appointments_nearby == 1:
        return Fraction(75)
    return Fraction(50)


def matches(rule, kinds):
    if not rule["active"]:
        return False
    lists = [
        (rule["types"], kinds["types"]),
        (rule["specialties"], kinds["specialties"]),
        (rule["diagnoses"], kinds["diagnoses"]),
    ]
    if not any(mine for mine, _ in lists):
        return False
    return all(any(one in theirs for one in mine) for mine, theirs in lists if mine)


def first(rules, kinds, at_least=None):
    for rule in sorted(rules, key=lambda r: (r["created"], r["id"])):  # row S5
        if matches(rule, kinds) and (at_least is None or rule["base"] >= at_least):
            return rule
    return None


def score_patient_priority(rules, kinds):
    rule = first(rules, kinds)
    if rule:
        return max(Fraction(0), min(rule["base"] * Fraction(rule["multiplier"]), Fraction(100)))
    return Fraction(50)


def score_no_show_risk(patient):
    if patient is None or patient["rate"] is None:  # row S3
        return Fraction(75)
    return max(Fraction(0), 100 - Fraction(patient["rate"]))  # row S1


def score_geographic_proximity(slot, patient):
    if patient is None or slot["location"] not in patient["travel"]:  # row S9
        return Fraction(50)
    hour = local(slot).hour
    travel_minutes = Fraction(patient["travel"][slot["location"]])
    penalty = Fraction(0)
    if 7 <= hour <= 9 or 16 <= hour <= 18:
        penalty = travel_minutes * Fraction(1, 2)
    return max(Fraction(0), 100 - penalty)


def score_patient_preference(slot, patient):
    if patient is None:
        return Fraction(50)
    score = Fraction(50)
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[local(slot).weekday()]  # row S4
    if day in patient["days"]:
        score += 25
    hour = local(slot).hour
    if (
        (hour < 12 and "morning" in patient["parts"])
        or (12 <= hour < 17 and "afternoon" in patient["parts"])
        or (hour >= 17 and "evening" in patient["parts"])
    ):
        score += 15
    if slot["provider"] in patient["providers"]:
        score += 10
    return min(score, Fraction(100))


def apply_priority_routing(slots, rules, kinds, now, since, max_results):
    routing = first(rules, kinds, at_least=80)
    kept = list(slots)
    if routing and routing["same_day"]:
        kept = [s for s in kept if local(s).date() == now.astimezone(ZoneInfo(s["zone"])).date()]
    for rule in (first(rules, kinds), routing):  # row S7
        if rule and rule["max_wait"] is not None:
            kept = [s for s in kept if waited(s, since) <= rule["max_wait"]]
    if routing:
        kept.sort(key=lambda x: x["start"])
    if slots and not kept:  # row S7
        return sorted(slots, key=lambda x: x["start"])[: min(1, max_results)], True
    return kept[:max_results], False


def waited(slot, since):
    return (local(slot).date() - since.astimezone(ZoneInfo(slot["zone"])).date()).days


def find_matching_waitlist_entries(waiting_list, slot, today):
    slot_date = local(slot).date()
    queryset = [
        entry
        for entry in waiting_list
        if (entry["range_start"] is None or entry["range_start"] <= slot_date)  # row W1
        and (entry["range_end"] is None or entry["range_end"] >= slot_date)
        and (slot["provider"] in entry["providers"] or not entry["providers"])
    ]
    scored_matches = [(entry, calculate_match_score(entry, slot, today)) for entry in queryset]
    scored_matches.sort(key=lambda x: x[0]["id"])
    # The plan's second key has the larger number first; R4 counts from 1 down (decision 25).
    scored_matches.sort(key=lambda x: (-x[1], x[0]["priority"] or 99, x[0]["created"]))
    return [match[0] for match in scored_matches]


def calculate_match_score(entry, slot, today):
    score = Fraction(0)
    if slot["provider"] in entry["providers"]:
        score += 30
    elif not entry["providers"]:
        score += 15
    if entry["date"]:
        days_diff = abs((local(slot).date() - entry["date"]).days)
        if days_diff == 0:
            score += 25
        elif days_diff <= 3:
            score += 15
        elif days_diff <= 7:
            score += 10
    else:
        score += Fraction(25, 2)
    if entry["hour"] is not None:
        hour_diff = abs(local(slot).hour - entry["hour"])
        if hour_diff <= 1:
            score += 20
        elif hour_diff <= 2:
            score += 10
    else:
        score += 10
    flexibility = entry["flexibility"]
    if flexibility is None:  # row W2
        flexibility = calculate_flexibility_score(entry)
    score += Fraction(flexibility, 100) * 15
    created = entry["created"].astimezone(ZoneInfo(slot["zone"])).date()  # row W11
    score += min(Fraction(10), Fraction((today - created).days, 3))
    return score


def calculate_flexibility_score(entry):
    score = 50
    if not entry["providers"]:
        score += 20
    if entry["range_start"] and entry["range_end"]:
        days_range = (entry["range_end"] - entry["range_start"]).days
        if days_range > 30:
            score += 20
        elif days_range > 14:
            score += 10
    if entry["hour"] is None:
        score += 10
    return min(100, score)
