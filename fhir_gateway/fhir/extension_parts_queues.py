"""What may stand in the extensions about queues? Decision 23."""

from fhir_gateway.fhir.extension_parts import Part

_TARGET = (
    Part("class", "code", "emergency, urgent, soon or routine", 1),
    Part("minutes", "unsignedInt", "Minutes within which somebody of the class is called", 1),
)
#: Parts of queue-configuration.
QUEUE_CONFIGURATION = (
    Part("name", "string", "What people call the queue; absent takes the resource's own name"),
    Part("maximumSize", "positiveInt", "Most people waiting; absent for any number"),
    Part("accepting", "boolean", "Whether anybody may join; absent: yes"),
    Part("overflow", "boolean", "Whether people are sent on from the threshold; absent: no"),
    Part(
        "overflowTo",
        "Reference",
        "The queue that they are sent to",
        targets=("HealthcareService", "Location"),
    ),
    Part("overflowThreshold", "positiveInt", "People waiting from which others are sent on; 10"),
    Part("dynamicPositioning", "boolean", "Whether the policy orders; false: first come first"),
    Part("ordering", "code", "Of policy plan: formula (absent) or weighted"),
    Part("priorityWeight", "decimal", "Of ordering weighted: 0 to 1, together 1; 0.5"),
    Part("waitWeight", "decimal", "The same; 0.3"),
    Part("appointmentWeight", "decimal", "The same; 0.2"),
    Part("historicalData", "boolean", "Whether plan estimates from the last seven days; yes"),
    Part("serviceMinutes", "positiveInt", "Length of a service while nothing is known; 20"),
    Part("liveUpdates", "boolean", "Whether changes are pushed to those who watch; yes"),
    Part("updateSeconds", "positiveInt", "Seconds between two looks at the clock; 30"),
    Part("policy", "code", "best or plan; absent: as the gateway is set"),
    Part("servers", "positiveInt", "People served at once; 1"),
    Part("target", None, "Minutes by class, of policy best; 0, 30, 110, 120", 0, "*", _TARGET),
)
#: Parts of queue-place.
QUEUE_PLACE = (
    Part("ticket", "string", "What is shown and called", 1),
    Part("state", "code", "waiting, called or in-service", 1),
    Part("position", "positiveInt", "1 is next; absent for who has been called"),
    Part("waited", "unsignedInt", "Minutes since the person joined"),
    Part("estimatedWaitLow", "unsignedInt", "Minutes until the call, at least"),
    Part("estimatedWaitHigh", "unsignedInt", "Minutes until the call, at most"),
)
#: Parts of queue-status.
QUEUE_STATUS = (
    Part("queue", "Reference", "Which", 1, targets=("HealthcareService", "Location")),
    Part("sequence", "integer", "Number of the last change", 1),
    Part("size", "unsignedInt", "People waiting", 1),
    Part("maximumSize", "positiveInt", "Most people waiting; absent for any number"),
    Part("averageWait", "unsignedInt", "Minutes that those who wait have waited, on average", 1),
    Part("accepting", "boolean", "Whether anybody may join", 1),
    Part("policy", "code", "best or plan", 1),
)
