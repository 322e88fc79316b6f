"""Which extensions carry what R4 has no element for?

Source: hl7v2.md section 1.3, SCH-3, SCH-23 and SCH-24; FHIR R4 extensibility.
"""

from fhir_gateway.core.codes import CANONICAL

#: valueReference: the appointment that this one is a part or an occurrence of.
EXT_PARENT = f"{CANONICAL}/StructureDefinition/parent-appointment"
#: valuePositiveInt: which occurrence of its parent this is (SCH-3).
EXT_OCCURRENCE = f"{CANONICAL}/StructureDefinition/occurrence-number"

EXT_BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
EXT_BIRTH_TIME = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
EXT_MOTHERS_NAME = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
EXT_RELIGION = "http://hl7.org/fhir/StructureDefinition/patient-religion"
EXT_NATIONALITY = "http://hl7.org/fhir/StructureDefinition/patient-nationality"
EXT_CITIZENSHIP = "http://hl7.org/fhir/StructureDefinition/patient-citizenship"
