"""Requests and visits as senders of other countries write them. Made up; hl7v2.md section 4."""

import pytest

from fhir_gateway.hl7.ack import read_ack
from fhir_gateway.mapping.profiles import SenderProfile
from tests.usecases.ehr import Ehr

REFERRAL_NL = (
    "MSH|^~\\&|Verwijs||app|fac|20300324163440||SRM^S01^SRM_S01|g20c|P|2.4|||||NLD|8859/1",
    (
        "ARQ|ZD2000|||||CARHAR^Cardiologie^99z|REG^consult^99z|REG^regulier^99z|||20300329^20300428|R"
        "|||0100^van H^Z.Z.^^^^^^VEKTIS|015-0000000^^PH~012-0000000^^FX"
        '|Molenweg 12&Molenweg&12^^Gro|^^^Praktijk&0105|""^het W^E.F.G.|015-0000000^^PH'
    ),
    "PID|1||^^^NLMINBIZA^NNNLD~ZD2000^^^Verwijs^VN||de Boer&de&Boer^Willem^H||20000101|U",
    "RGS|1|U",
    "AIS|1|U|^consult cardioloog||0|m|||No||^Spreekt uitsluitend Frans.",
    "AIG|1|U|CAR^Cardiologie^99z",
)
PLACER_US = (
    "MSH|^~\\&|SND|FAC|EPIC|EPIC|2030080710350000||SRM^S01|1919|P|2.3||",
    "ARQ|1|1199||||1^SCH|||60|MIN|203010141500||||||||593^Ruc^Jo^^^^|(608)555-5653",
    "PID|||5563||SMITH^GEO^^^^|PAL^BON^J.^^^|19720124|M|BOW^JEFF|B|1255 St^ROOM 12^Bay^WI^53217",
    "RGS|1||1^INTERNAL MEDICINE",
    "AIG|1||39^White^ROOM^^^|||||203010141500",
)
SURGERY_CN = (
    "MSH|^~\\&|HIS|Medi|MediII|Medi|20300119115703||SRM^S01^SRM_S01|dfb2|P|2.4",
    "ARQ|1000||||20005^全麻|1|Surgery^手术|2^择期手术|||20300120084444^20300120115022|0|0||292",
    "PID||66|66~66~~~|0|Zhou^周寿||19410630000000|M|||公司<01190>",
    "RGS|1",
    "AIP|1|A|292^孙",
)
MOVEMENT_FR = (
    (
        "MSH|^~\\&|GAP|EJ^750000001^M|X|Y|20300301101500||ADT^{}^ADT_A01|F1|P|2.5^FRA^2.10|||||FRA"
        "|UNICODE UTF-8|FR"
    ),
    "EVN||20300301101500||||20300301101400",
    (
        "PID|1||123456^^^EJ&1.2.250.1.1&ISO^PI~2790351^^^NIR&1.2.250.1.213.1.4.8&ISO^INS||PAT-DEUX^DOM"
        "^DOM MARIE^^^^L~PAT^DOM^^^^^D||19790315|F|||^^^^^^BDL^^51215~1 rue^^Paris"
        "|||||||||||||||||||||||VALI"
    ),
    "PV1|1|O|UF1^^^EJ||||801^Doc^Jean||||||||||||780001^^^EJ&1.2.250.1.1&ISO^VN",
    "ZBE|1^GAP|20300301101500||INSERT|N|A04|^^^^^^UF^^^UF1||S",
)


def message(*segments: str, codec: str = "utf-8") -> bytes:
    return ("\r".join(segments) + "\r").encode(codec)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (message(*REFERRAL_NL, codec="iso8859-1"), "AIG^1^3"),
        (message(*PLACER_US), "AIG^1^3"),
        (message(*SURGERY_CN), "AIP^1^3"),
    ],
)
async def test_a_request_for_what_is_not_known_is_told_so_by_its_place(
    ehr: Ehr, raw: bytes, place: str
) -> None:
    view = read_ack(await ehr.deliver(raw))
    assert view.code == "AE"
    assert [(each.condition, each.location) for each in view.errors] == [("204", place)]
    assert ehr.failures == []


@pytest.mark.parametrize(
    ("event", "state"),
    [("A04", "sent"), ("A05", "sent"), ("A28", "sent"), ("A44", "filtered"), ("A54", "filtered"),
     ("Z99", "filtered"), ("A13", "sent")],
)  # fmt: skip
async def test_movements_of_a_whole_hospital_stop_no_feed(ehr: Ehr, event: str, state: str) -> None:
    view = read_ack(await ehr.deliver(message(*MOVEMENT_FR).replace(b"{}", event.encode())))
    assert (view.code, (await ehr.last()).state) == ("AA", state)
    assert ehr.failures == []


async def test_who_only_has_the_number_of_a_visit_is_told_so_and_may_be_described(ehr: Ehr) -> None:
    arrived = (
        "MSH|^~\\&|EHR|CLINIC|EPIC|CHA|20300102030405||SIU^S14|1058|P|2.6",
        "SCH||||||^Up||||||||||^Both arrived||||^Up|||||6^ARRIVED",
        "PID|||P77||Roe^Max",
        "PV1|||||||||||||||||||V-77",
    )
    raw = message(*arrived)
    strict = ehr.called(SenderProfile(ack="strict"))
    view = read_ack(await strict.deliver(raw))
    assert (view.code, view.errors[0].condition) == ("AE", "101")
    known = ehr.called(SenderProfile(identity_fields=("PV1-19",)))
    assert read_ack(await known.deliver(raw.replace(b"1058", b"1059"))).code == "AA"
