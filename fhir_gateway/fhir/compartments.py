"""What belongs to a patient?

By which reference parameters a resource is in the compartment of a Patient, of the types that are
served. FHIR R4 CompartmentDefinition patient; Patient/$everything.
"""

from fhir_gateway.fhir.catalogue import CATALOGUE

#: Type -> its parameters that may point to the Patient. Task is ours: R4 leaves it out.
PATIENT: dict[str, tuple[str, ...]] = {
    "Patient": ("link",),
    "RelatedPerson": ("patient",),
    "Schedule": ("actor",),
    "Appointment": ("actor",),
    "AppointmentResponse": ("actor",),
    "ServiceRequest": ("subject", "performer"),
    "Encounter": ("patient",),
    "Task": ("patient",),
    "Communication": ("subject", "sender", "recipient"),
    "Basic": ("patient", "author"),
    "RiskAssessment": ("subject",),
    "MeasureReport": ("patient",),
    "Condition": ("patient", "asserter"),
    "Group": ("member",),
    "List": ("subject", "source"),
    "Coverage": ("policy-holder", "subscriber", "beneficiary", "payor"),
    "CoverageEligibilityRequest": ("patient",),
    "CoverageEligibilityResponse": ("patient",),
    "AuditEvent": ("patient",),
    "Provenance": ("patient",),
}

#: Type -> the parameter that says when care was given.
CARE_DATE: dict[str, str] = {
    "Appointment": "date",
    "ServiceRequest": "occurrence",
    "Encounter": "date",
    "Task": "period",
    "Communication": "sent",
    "RiskAssessment": "date",
    "Condition": "onset-date",
    "MeasureReport": "date",
    "List": "date",
    "CoverageEligibilityRequest": "created",
    "CoverageEligibilityResponse": "created",
}

#: Served types that belong to nobody in particular.
SHARED = tuple(each for each in CATALOGUE if each not in PATIENT)
