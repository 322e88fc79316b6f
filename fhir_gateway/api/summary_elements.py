"""Which root elements does R4 mark as part of the summary?

isSummary of the StructureDefinitions of the served types, without id, meta and implicitRules, which
are always there. FHIR R4 section 3.1.1.5.8 (_summary).
"""

#: Resource type -> JSON names.
SUMMARY_ELEMENTS: dict[str, str] = {
    "Organization": "identifier active type name partOf",
    "Location": (
        "identifier status operationalStatus name description mode type physicalType "
        "managingOrganization"
    ),
    "Practitioner": "identifier active name telecom address gender birthDate",
    "PractitionerRole": (
        "identifier active period practitioner organization code specialty location telecom"
    ),
    "HealthcareService": (
        "identifier active providedBy category type specialty location name comment photo"
    ),
    "Device": "udiCarrier status safety",
    "Patient": (
        "identifier active name telecom gender birthDate deceasedBoolean deceasedDateTime "
        "address managingOrganization link"
    ),
    "RelatedPerson": (
        "identifier active patient relationship name telecom gender birthDate address"
    ),
    "Schedule": "identifier active serviceCategory serviceType specialty actor planningHorizon",
    "Slot": (
        "identifier serviceCategory serviceType specialty appointmentType schedule status start end"
    ),
    "Appointment": (
        "identifier status cancelationReason serviceCategory serviceType specialty "
        "appointmentType reasonCode start end"
    ),
    "AppointmentResponse": "identifier appointment participantType actor participantStatus",
    "ServiceRequest": (
        "identifier instantiatesCanonical instantiatesUri basedOn replaces requisition status "
        "intent category priority doNotPerform code orderDetail quantityQuantity "
        "quantityRatio quantityRange subject encounter occurrenceDateTime occurrencePeriod "
        "occurrenceTiming asNeededBoolean asNeededCodeableConcept authoredOn requester "
        "performerType performer locationCode locationReference reasonCode reasonReference "
        "specimen bodySite patientInstruction"
    ),
    "Encounter": (
        "identifier status class type serviceType subject episodeOfCare participant "
        "appointment reasonCode reasonReference diagnosis"
    ),
    "Task": (
        "instantiatesCanonical instantiatesUri basedOn groupIdentifier partOf status "
        "statusReason businessStatus intent code description focus for encounter "
        "executionPeriod lastModified requester owner location"
    ),
    "Communication": (
        "identifier instantiatesCanonical instantiatesUri basedOn partOf status statusReason "
        "priority subject encounter reasonCode reasonReference"
    ),
    "Basic": "identifier code subject created author",
    "PlanDefinition": (
        "url identifier version name title type status experimental date publisher contact "
        "description useContext jurisdiction effectivePeriod"
    ),
    "RiskAssessment": (
        "identifier status method code subject encounter occurrenceDateTime occurrencePeriod "
        "condition performer"
    ),
    "Measure": (
        "url identifier version name title status experimental date publisher contact "
        "description useContext jurisdiction effectivePeriod disclaimer scoring "
        "compositeScoring type riskAdjustment rateAggregation rationale "
        "clinicalRecommendationStatement improvementNotation definition guidance"
    ),
    "MeasureReport": (
        "identifier status type measure subject date reporter period improvementNotation"
    ),
    "Condition": (
        "identifier clinicalStatus verificationStatus code bodySite subject encounter "
        "onsetDateTime onsetAge onsetPeriod onsetRange onsetString recordedDate recorder "
        "asserter"
    ),
    "Group": "identifier active type actual code name quantity managingEntity",
    "List": "status mode title code subject date source",
    "Coverage": (
        "identifier status type policyHolder subscriber subscriberId beneficiary dependent "
        "period payor order network"
    ),
    "CoverageEligibilityRequest": "status purpose patient created insurer",
    "CoverageEligibilityResponse": "status purpose patient created request outcome insurer",
    "AuditEvent": "type subtype action recorded outcome outcomeDesc purposeOfEvent",
    "Provenance": "target recorded",
}
