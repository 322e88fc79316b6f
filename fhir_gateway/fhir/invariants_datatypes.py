"""What must hold between the elements of a datatype?

The invariants of R4's datatypes with severity error. Those on xhtml are in `fhir.primitives`,
those on references and contained resources in `fhir.validation`.

Source: FHIR R4 4.0.1 section 2.24 (datatypes).
"""

from decimal import Decimal

from fhir_gateway.fhir.node import Invariant, Node, Rule, exists, implies, not_after, number

_UCUM = "http://unitsofmeasure.org"
_MEALS = frozenset({"C", "CM", "CD", "CV"})


def _coded_value(node: Node) -> bool:
    return not exists(node, "value") or exists(node, "code")


def _in_ucum(node: Node) -> bool:
    return not exists(node, "system") or node.get("system") == _UCUM


def _age_1(node: Node) -> bool:
    value = number(node.get("value"))
    return _coded_value(node) and _in_ucum(node) and (value is None or value > 0)


def _cnt_3(node: Node) -> bool:
    value = number(node.get("value"))
    whole = value is None or value == value.to_integral_value()
    return _coded_value(node) and _in_ucum(node) and node.get("code", "1") == "1" and whole


def _dis_1(node: Node) -> bool:
    return _coded_value(node) and _in_ucum(node)


def _drt_1(node: Node) -> bool:
    return not exists(node, "code") or (node.get("system") == _UCUM and exists(node, "value"))


def _rng_2(node: Node) -> bool:
    low, high = (_quantity(node.get(side)) for side in ("low", "high"))
    return low is None or high is None or low[1] != high[1] or low[0] <= high[0]


def _quantity(value: object) -> tuple[Decimal, object] | None:
    if not isinstance(value, dict):
        return None
    amount = number(value.get("value"))
    return None if amount is None else (amount, value.get("code", value.get("unit")))


def _rat_1(node: Node) -> bool:
    parts = exists(node, "numerator")
    return parts == exists(node, "denominator") and (parts or exists(node, "extension"))


def _per_1(node: Node) -> bool:
    return not_after(node.get("start"), node.get("end"))


def _at_least_zero(name: str) -> Rule:
    def holds(node: Node) -> bool:
        value = number(node.get(name))
        return value is None or value >= 0

    return holds


def _tim_9(node: Node) -> bool:
    when = node.get("when")
    moments = when if isinstance(when, list) else []
    return not exists(node, "offset") or (
        bool(moments) and not any(each in _MEALS for each in moments if isinstance(each, str))
    )


def _one_way(node: Node) -> bool:
    return exists(node, "path") != exists(node, "searchParam")


def _trd_3(node: Node) -> bool:
    kind = node.get("type")
    if kind == "named-event":
        return exists(node, "name")
    if kind == "periodic":
        return exists(node, "timing")
    return exists(node, "data") or not (isinstance(kind, str) and kind.startswith("data-"))


_REPEAT = (
    Invariant("tim-1", implies("duration", "durationUnit"), "A duration needs a durationUnit"),
    Invariant("tim-2", implies("period", "periodUnit"), "A period needs a periodUnit"),
    Invariant("tim-4", _at_least_zero("duration"), "A duration is not negative", "duration"),
    Invariant("tim-5", _at_least_zero("period"), "A period is not negative", "period"),
    Invariant("tim-6", implies("periodMax", "period"), "A periodMax needs a period"),
    Invariant("tim-7", implies("durationMax", "duration"), "A durationMax needs a duration"),
    Invariant("tim-8", implies("countMax", "count"), "A countMax needs a count"),
    Invariant("tim-9", _tim_9, "An offset needs a 'when' that is not C, CM, CD or CV", "offset"),
    Invariant(
        "tim-10",
        lambda node: not (exists(node, "timeOfDay") and exists(node, "when")),
        "There is a timeOfDay or a 'when', not both",
        "when",
    ),
)
_TRIGGER = (
    Invariant(
        "trd-1",
        lambda node: not (exists(node, "data") and exists(node, "timing")),
        "A trigger has a timing or data requirements, not both",
    ),
    Invariant("trd-2", implies("condition", "data"), "A condition needs data"),
    Invariant("trd-3", _trd_3, "A named event has a name, a periodic one a timing, others data"),
)

_UNIT = Invariant("qty-3", implies("code", "system"), "The code of a unit needs a system")

DATATYPE_INVARIANTS: dict[str, tuple[Invariant, ...]] = {
    "Extension": (
        Invariant(
            "ext-1",
            lambda node: exists(node, "extension") != exists(node, "value"),
            "An extension has either a value[x] or extensions",
        ),
    ),
    "Period": (Invariant("per-1", _per_1, "A period does not end before it starts", "end"),),
    "Quantity": (_UNIT,),
    "Age": (
        Invariant("age-1", _age_1, "An age is more than 0, with a unit of UCUM"),
        _UNIT,
    ),
    "Count": (Invariant("cnt-3", _cnt_3, "A count is a whole number with the UCUM code 1"), _UNIT),
    "Distance": (Invariant("dis-1", _dis_1, "A distance has a unit of UCUM"), _UNIT),
    "Duration": (Invariant("drt-1", _drt_1, "A duration has a value and a unit of UCUM"), _UNIT),
    "Range": (Invariant("rng-2", _rng_2, "The low end of a range is not above the high", "low"),),
    "Ratio": (
        Invariant("rat-1", _rat_1, "A ratio has both numerator and denominator, or an extension"),
    ),
    "Attachment": (
        Invariant("att-1", implies("data", "contentType"), "Attached data needs a contentType"),
    ),
    "ContactPoint": (
        Invariant("cpt-2", implies("value", "system"), "The value of a contact needs a system"),
    ),
    "Timing.repeat": _REPEAT,
    "DataRequirement.codeFilter": (
        Invariant("drq-1", _one_way, "A filter has a path or a searchParam, not both"),
    ),
    "DataRequirement.dateFilter": (
        Invariant("drq-2", _one_way, "A filter has a path or a searchParam, not both"),
    ),
    "Expression": (
        Invariant(
            "exp-1",
            lambda node: exists(node, "expression") or exists(node, "reference"),
            "An Expression has an expression or a reference",
        ),
    ),
    "TriggerDefinition": _TRIGGER,
}
