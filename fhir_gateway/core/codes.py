"""Which codes and addresses does the gateway itself give a meaning?

Source: decisions 1, 8, 14 to 16; R4 appointmentstatus, slotstatus.
"""

#: Base of every artifact that we define. A reserved name: the owner moves it here, once.
CANONICAL = "https://fhir-gateway.example/fhir"

EXT_SCORE = f"{CANONICAL}/StructureDefinition/score"
EXT_AVAILABILITY = f"{CANONICAL}/StructureDefinition/availability"
EXT_WAITLIST = f"{CANONICAL}/StructureDefinition/waitlist"
EXT_QUEUE = f"{CANONICAL}/StructureDefinition/queue"
EXT_QUEUE_CONFIGURATION = f"{CANONICAL}/StructureDefinition/queue-configuration"
EXT_QUEUE_PLACE = f"{CANONICAL}/StructureDefinition/queue-place"
EXT_QUEUE_STATUS = f"{CANONICAL}/StructureDefinition/queue-status"
EXT_STATUS_REASON = f"{CANONICAL}/StructureDefinition/status-reason"
EXT_ALTERNATIVE = f"{CANONICAL}/StructureDefinition/alternative"
EXT_PRIORITY_RULE = f"{CANONICAL}/StructureDefinition/priority-rule"
EXT_ORIGIN = f"{CANONICAL}/StructureDefinition/slot-origin"
EXT_PREDICTION = f"{CANONICAL}/StructureDefinition/prediction"
EXT_PREFERENCE = f"{CANONICAL}/StructureDefinition/scheduling-preference"
#: Of SMART Scheduling Links: how many appointments a Slot takes.
EXT_SLOT_CAPACITY = "http://fhir-registry.smarthealthit.org/StructureDefinition/slot-capacity"
EXT_TIMEZONE = "http://hl7.org/fhir/StructureDefinition/timezone"

SYSTEM_REASON = f"{CANONICAL}/CodeSystem/reason"
SYSTEM_TASK = f"{CANONICAL}/CodeSystem/task"
SYSTEM_FACTOR = f"{CANONICAL}/CodeSystem/score-factor"
SYSTEM_NO_SHOW = f"{CANONICAL}/CodeSystem/no-show"
SYSTEM_BASIC = f"{CANONICAL}/CodeSystem/basic"
SYSTEM_METRIC = f"{CANONICAL}/CodeSystem/metric"
#: Of the filler ids that we give to appointments that a placer has asked for.
SYSTEM_FILLER = f"{CANONICAL}/appointment"
SYSTEM_V2_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"

BASIC_PREFERENCE = "scheduling-preference"
TASK_FILL_SLOT = "fill-slot"
TASK_RESOLVE_CONFLICT = "resolve-conflict"
TASK_MATCH_IDENTITY = "match-identity"

#: Values are ids of resources of this gateway, for messages about what has no other identifier.
SYSTEM_OWN = f"{CANONICAL}/NamingSystem/id"
#: The gateway itself in that system, where a message has to name somebody.
GATEWAY_VALUE = "gateway"

#: The ten states of an R4 Appointment.
APPOINTMENT_STATUSES = (
    "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow",
    "entered-in-error", "checked-in", "waitlist",
)  # fmt: skip
#: Time is held by these and by no other status (decision 8).
HOLDING = frozenset({"pending", "booked", "arrived", "checked-in", "fulfilled"})
#: A status from which nothing follows by itself; only a newer feed message reopens it.
TERMINAL = frozenset({"fulfilled", "cancelled", "noshow", "entered-in-error"})
#: app-3: only these may lack start and end.
TIMELESS = frozenset({"proposed", "cancelled", "waitlist"})


#: Why an Appointment was ended by the waitlist; none of these is a cancellation in metrics, none
#: frees time (decision 16).
REASON_FILLED = "waitlist-filled"
REASON_SUPERSEDED = "superseded"
REASON_DECLINED = "declined"
REASON_EXPIRED = "offer-expired"
#: Why a Task of a freed time failed: nobody could answer and come any more (row W6).
REASON_TOO_LATE = "too-late"
OFFER_REASONS = frozenset({REASON_FILLED, REASON_SUPERSEDED, REASON_DECLINED, REASON_EXPIRED})
