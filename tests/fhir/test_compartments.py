"""Do the parameters exist by which a resource belongs to a patient?"""

import pytest

from fhir_gateway.fhir.catalogue import CATALOGUE, param_of
from fhir_gateway.fhir.compartments import CARE_DATE, PATIENT, SHARED


@pytest.mark.parametrize(("type_name", "names"), PATIENT.items())
def test_a_resource_belongs_by_references_that_may_name_a_patient(
    type_name: str, names: tuple[str, ...]
) -> None:
    params = [param_of(type_name, name) for name in names]
    assert [each.type for each in params if each] == ["reference"] * len(names)
    assert all("Patient" in (each.targets or ("Patient",)) for each in params if each)


@pytest.mark.parametrize(("type_name", "name"), CARE_DATE.items())
def test_the_date_of_care_is_a_date(type_name: str, name: str) -> None:
    param = param_of(type_name, name)
    assert param is not None
    assert param.type == "date"
    assert type_name in PATIENT


def test_every_served_type_belongs_to_patients_or_to_nobody() -> None:
    assert sorted((*PATIENT, *SHARED)) == sorted(CATALOGUE)
