"""By what is an appointment known?"""

import pytest

from fhir_gateway.core.codes import SYSTEM_V2_0203
from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.mapping.extensions import EXT_OCCURRENCE, EXT_PARENT
from fhir_gateway.mapping.profiles import SenderProfile
from tests.mapping.builders import BASE, intent, read, siu

OID, GUID = "2.16.840.1.113883.19.1", "F47AC10B-58CC-4372-A567-0E02B2C3D479"


@pytest.mark.parametrize(
    ("written", "system"),
    [
        ("F-1", f"{BASE}:appointment-filler"),
        (f"F-1^EHR^{OID}^ISO", f"urn:oid:{OID}"),
        (f"F-1^^{GUID}^GUID", f"urn:uuid:{GUID.lower()}"),
        (f"F-1^^{GUID}^UUID", f"urn:uuid:{GUID.lower()}"),
        ("F-1^^https://ehr.example/ids^URI", "https://ehr.example/ids"),
        ("F-1^^https://ehr.example/ids^URL", "https://ehr.example/ids"),
        ("F-1^EHR A", f"{BASE}:ns:EHR%20A"),
        ("F-1^KNOWN", "https://ehr.example/known"),
        ("F-1^^no oid^ISO", f"{BASE}:ns:no%20oid"),
        ("F-1^^no uri^URI", f"{BASE}:ns:no%20uri"),
    ],
)
def test_the_system_of_an_id_comes_from_its_authority(written: str, system: str) -> None:
    profile = SenderProfile(namespaces={"KNOWN": "https://ehr.example/known"})
    (key,) = read(sch={2: written}, profile=profile).keys
    assert (key["system"], key["value"]) == (system, "F-1")


def test_sch_1_is_placer_and_sch_2_is_filler_and_the_filler_comes_first() -> None:
    found = read(sch={1: "P-1"})
    types = [key["type"]["coding"][0] for key in found.keys]
    assert [(each["system"], each["code"]) for each in types] == [
        (SYSTEM_V2_0203, "FILL"),
        (SYSTEM_V2_0203, "PLAC"),
    ]
    assert [key["value"] for key in found.keys] == ["F-1", "P-1"]


def test_several_applications_of_a_house_can_share_their_ids() -> None:
    (key,) = read(profile=SenderProfile(identifier_base="urn:house:one")).keys
    assert key["system"] == "urn:house:one:appointment-filler"


def test_without_any_id_the_message_cannot_be_carried_out() -> None:
    with pytest.raises(GatewayError) as refused:
        read(sch={2: ""})
    (issue,) = refused.value.issues
    assert refused.value.category is Category.UNPROCESSABLE
    assert (issue.expression, issue.code) == (("SCH^1^2", "SCH^1^1"), "required")


@pytest.mark.parametrize(
    ("name", "value"), [("SCH-5", "SLOT-9"), ("PV1-19", "V-7"), ("MSH-10", "M-1")]
)
def test_a_configured_field_identifies_where_the_standard_ones_are_empty(
    name: str, value: str
) -> None:
    profile = SenderProfile(identity_fields=("ZZZ-1", name))
    visit = "PV1" + "|" * 19 + "V-7"
    (key,) = read(visit, sch={2: "", 5: "SLOT-9"}, profile=profile).keys
    assert key == {"system": f"{BASE}:appointment-{name.lower()}", "value": value}


def test_without_sch_the_message_cannot_be_carried_out() -> None:
    raw = siu().replace(b"\rSCH|", b"\rZCH|")
    with pytest.raises(GatewayError) as refused:
        intent(raw)
    assert refused.value.issues[0].expression == ("SCH",)


def test_the_occurrences_of_a_series_do_not_share_their_placer_id() -> None:
    found = read(sch={1: "P-1", 2: "", 3: "2"})
    assert [key["value"] for key in found.keys] == ["P-1#2"]
    occurrence = {"url": EXT_OCCURRENCE, "valuePositiveInt": 2}
    assert occurrence in found.appointment["extension"]


def test_parents_are_linked_by_their_ids() -> None:
    extension = read(sch={23: "PP-1", 24: "PF-1"}).appointment["extension"]
    assert [each["url"] for each in extension] == [EXT_PARENT, EXT_PARENT]
    references = [each["valueReference"] for each in extension]
    assert [each["identifier"]["value"] for each in references] == ["PF-1", "PP-1"]
    assert {each["type"] for each in references} == {"Appointment"}


def test_visit_and_group_numbers_are_kept_but_identify_nothing() -> None:
    found = read("PV1" + "|" * 19 + "V-7", sch={4: "G-1"})
    assert [each["value"] for each in found.appointment["identifier"]] == ["F-1", "G-1", "V-7"]
    assert [key["value"] for key in found.keys] == ["F-1"]


def test_orders_are_referred_to_by_number() -> None:
    orders = read(sch={26: "O-1~O-2", 27: "L-1"}).appointment["basedOn"]
    assert [order["type"] for order in orders] == ["ServiceRequest"] * 3
    known = [order["identifier"] for order in orders]
    assert [(each["type"]["coding"][0]["code"], each["value"]) for each in known] == [
        ("PLAC", "O-1"), ("PLAC", "O-2"), ("FILL", "L-1"),
    ]  # fmt: skip


def test_a_status_in_place_of_an_order_number_makes_no_order() -> None:
    found = read(sch={27: "Booked"})
    assert "basedOn" not in found.appointment
    assert ("SCH^1^27",) in [each.expression for each in found.warnings]


def test_the_schedule_of_a_resource_is_named_with_sch_5() -> None:
    found = read("AIP|1||D1^Hall", sch={5: "MORNING"})
    assert found.schedule == {"system": f"{BASE}:schedule", "value": "MORNING"}
    assert found.actors[0].schedule_key == f"{BASE}:practitioner|D1|MORNING"


def test_the_number_of_the_segment_is_no_id_where_there_is_one() -> None:
    found = read(sch={1: "1", 2: "F-7"})
    assert [key["value"] for key in found.keys] == ["F-7"]
    assert ("SCH^1^1",) in [each.expression for each in found.warnings]
    assert [key["value"] for key in read(sch={1: "1", 2: ""}).keys] == ["1"]
    assert [key["value"] for key in read(sch={1: "1", 2: "1"}).keys] == ["1", "1"]


@pytest.mark.parametrize("value", ["0", "000-00-0000", "999-99-9999", "-", "N/A", "unknown"])
def test_what_names_nobody_is_no_identifier(value: str) -> None:
    found = read(f"PID|1|{value}|M1~{value}|{value}|||||||||||||||{value}|{value}", sch={1: value})
    assert [key["value"] for key in found.keys] == ["F-1"]
    assert found.patient is not None
    assert [each["value"] for each in found.patient["identifier"]] == ["M1"]
    places = {each.expression for each in found.warnings if each.details == "placeholder"}
    assert places == {(f"PID^1^{n}",) for n in (2, 3, 4, 19, 20)} | {("SCH^1^1",)}


@pytest.mark.parametrize("ids", [{1: "0", 2: ""}, {1: "", 2: "N/A"}, {1: "0", 2: "0"}])
def test_what_names_nothing_does_not_stand_before_a_configured_field(ids: dict[int, str]) -> None:
    by_visit = SenderProfile(identity_fields=("PV1-19",))
    found = read("PV1|1|O|||||||||||||||||V-1", sch=ids, profile=by_visit)
    assert [key["value"] for key in found.keys] == ["V-1"]
    assert read(sch={1: "0", 2: ""}, profile=by_visit).keys[0]["value"] == "0"
