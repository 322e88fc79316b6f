"""Write what the gateway claims to be able to do, for people and tools that read it elsewhere.

Usage: python -m conformance.claims

Written are conformance/claims/*.json: the CapabilityStatement and all that we define ourselves
(StructureDefinitions, SearchParameters, OperationDefinitions, CodeSystems, ValueSets), and
hl7v2.md, what is read and answered of HL7 v2. A test holds them equal to what the code says.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from conformance import claims_v2
from fhir_gateway.core.codes import CANONICAL
from fhir_gateway.fhir.capability import capability
from fhir_gateway.fhir.definitions import own_definitions
from fhir_gateway.fhir.operations import OperationSpec

CLAIMS = Path(__file__).parent / "claims"
V2 = "hl7v2.md"
#: The files must not change by themselves, so the statement bears the day of the first release.
DATE = datetime(2026, 1, 1, tzinfo=UTC)


def operations() -> Sequence[OperationSpec]:
    """Every operation that the gateway serves."""
    served: Sequence[OperationSpec] = getattr(
        import_module("fhir_gateway.usecases.operations"), "OPERATIONS", ()
    )
    return [getattr(each, "spec", each) for each in served]


def claims() -> dict[str, str]:
    """File name -> contents."""
    statement = capability(
        base=CANONICAL,
        software_version=version("fhir-gateway"),
        date=DATE,
        operations=operations(),
        zone_name="UTC",
    )
    own = own_definitions(operations())
    named = {"CapabilityStatement.json": statement} | {
        f"{each['resourceType']}-{each['id']}.json": each for each in own
    }
    return {name: _text(resource) for name, resource in sorted(named.items())}


def _text(resource: dict[str, Any]) -> str:
    return json.dumps(resource, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    written = claims()
    CLAIMS.mkdir(exist_ok=True)
    for path in CLAIMS.glob("*.json"):
        if path.name not in written:
            path.unlink()
    for name, text in (written | {V2: claims_v2.document()}).items():
        (CLAIMS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
