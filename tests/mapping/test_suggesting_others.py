"""Profiles are learnt from requests and from messages about patients, too. N6."""

from fhir_gateway.mapping.profile_files import Described
from fhir_gateway.mapping.suggesting.evidence import Suggestion
from fhir_gateway.mapping.suggesting.profile import Suggested, suggest
from tests.usecases.ehr import SENDER, adt, srm


def learnt(*raws: bytes) -> Suggested:
    return suggest(raws, Described(""), SENDER)


def by_key(found: Suggested) -> dict[str, Suggestion]:
    return {each.key: each for each in found.suggestions}


def visits(count: int, charset: str, family: str) -> list[bytes]:
    """Registrations of a Danish hospital."""
    patient = {3: "A1", 5: f"{family}^Ann", 11: "Gade 1^^Aarhus^^8000^DNK"}
    return [
        adt("A04", patient=patient, sent=f"202603010900{n:02}+0100").decode().encode(charset)
        for n in range(count)
    ]


def test_zone_and_characters_are_learnt_from_patients() -> None:
    found = learnt(*visits(8, "cp1252", "Sørensen"))
    told = by_key(found)
    assert (found.messages, found.types) == (8, ("ADT",))
    assert found.described.profile.zone == "Europe/Copenhagen"
    assert told["zone"].is_sure
    assert told["charset"].value == "cp1252"


def test_where_an_appointment_has_its_id_is_learnt_from_requests() -> None:
    asked = [
        srm("S03", id_="", control=str(n), more=(f"PV1|1|O{'|' * 17}V-{n // 2}",)) for n in range(8)
    ]
    found = learnt(*asked)
    assert (found.messages, found.types, found.understood) == (8, ("SRM",), 0)
    assert found.described.profile.identity_fields == ("PV1-19",)
    assert found.then_understood == 8


def test_types_that_nothing_here_reads_are_pointed_out_and_left_to_people() -> None:
    results = [each.replace(b"ADT^A04", b"ORU^R01") for each in visits(9, "utf-8", "Ash")]
    found = learnt(*visits(3, "utf-8", "Ash"), *results)
    told = by_key(found)["filtered"]
    assert (told.value, told.is_sure) == (("ORU",), False)
    assert "ORU (9x)" in told.evidence[0]
    assert found.described.profile.filtered == ()


def test_what_is_not_needed_here_teaches_nothing() -> None:
    assert learnt(adt("A02")).messages == 0
