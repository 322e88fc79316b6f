"""How can each request be answered, in the words of OpenAPI?

In words, not in status numbers: those are given by whoever speaks HTTP. Words for failures are the
categories' own. FHIR R4 section 3.1.0.1.7 (status codes).
"""

from collections.abc import Mapping
from typing import Any

from fhir_gateway.core.errors import Category
from fhir_gateway.fhir.openapi_schemas import named

Node = dict[str, Any]

#: Words for what went well.
FOUND, CREATED, ACCEPTED, EMPTY, UNCHANGED = "found", "created", "accepted", "empty", "unchanged"
DONE = (FOUND, CREATED, ACCEPTED, EMPTY, UNCHANGED)
#: Failures of HTTP itself, for which the category is too coarse.
LONG_ADDRESS, SLOW_BODY = "long-address", "slow-body"

#: However right a request is, it can come at the wrong time.
UNFORESEEN = (Category.BUSY.value, Category.TIMEOUT.value, Category.FAULT.value)
_ANY = (Category.INVALID.value, LONG_ADDRESS, *UNFORESEEN)
_FHIR = (*_ANY, Category.NOT_ACCEPTABLE.value)
#: What has a body can fail by it.
BODY = (
    Category.UNSUPPORTED_MEDIA_TYPE.value, Category.TOO_LARGE.value, SLOW_BODY,
    Category.UNPROCESSABLE.value,
)  # fmt: skip
_MISSING = (Category.NOT_FOUND.value, Category.GONE.value)
_REFUSED = (Category.CONFLICT.value, Category.PRECONDITION_FAILED.value)
_CHANGED = (*_REFUSED, Category.PRECONDITION_REQUIRED.value)

#: Interaction -> what can come of it. `conditional-` stands before those at the address of a type.
ANSWERS: dict[str, tuple[str, ...]] = {
    "search-type": (FOUND, *_FHIR),
    "search-by-form": (FOUND, *_FHIR, *BODY[:3]),
    "create": (CREATED, FOUND, *_FHIR, *_REFUSED, *BODY),
    "read": (FOUND, UNCHANGED, *_FHIR, *_MISSING),
    "vread": (FOUND, UNCHANGED, *_FHIR, *_MISSING),
    "update": (FOUND, CREATED, *_FHIR, *_CHANGED, *BODY),
    "patch": (FOUND, *_FHIR, *_MISSING, *_CHANGED, *BODY),
    "delete": (EMPTY, FOUND, *_FHIR, Category.NOT_FOUND.value, *_REFUSED),
    "conditional-update": (FOUND, CREATED, *_FHIR, *_CHANGED, *BODY),
    "conditional-patch": (FOUND, *_FHIR, Category.NOT_FOUND.value, *_CHANGED, *BODY),
    "conditional-delete": (EMPTY, FOUND, *_FHIR, *_REFUSED),
    "history-instance": (FOUND, *_FHIR, Category.NOT_FOUND.value),
    "history-type": (FOUND, *_FHIR),
    "history-system": (FOUND, *_FHIR),
    "transaction": (
        FOUND, *_FHIR, *_MISSING, *_CHANGED, *BODY, Category.UNSUPPORTED.value,
        Category.METHOD_NOT_ALLOWED.value,
    ),
    "capabilities": (FOUND, UNCHANGED, *_FHIR),
    "definition": (FOUND, UNCHANGED, *_FHIR, Category.NOT_FOUND.value),
    "definitions": (FOUND, *_FHIR),
    "export-status": (FOUND, *_ANY, Category.NOT_FOUND.value),
    "export-file": (FOUND, *_ANY, Category.NOT_FOUND.value),
    "export-end": (ACCEPTED, *_ANY, Category.NOT_FOUND.value),
    "operation": (FOUND, *_FHIR, *_MISSING),
    "table": (FOUND, *_FHIR, *_MISSING),
    "export": (ACCEPTED, *_FHIR, Category.NOT_FOUND.value),
}  # fmt: skip
#: Operations that are answered in a way of their own.
OF_OPERATION = ("export",)

_TEXTS = {
    FOUND: "Done; the answer is in the body",
    CREATED: "Created; Location says where",
    ACCEPTED: "Accepted; Content-Location says where to ask",
    EMPTY: "Done; there is nothing to say",
    UNCHANGED: "The client has this version",
    LONG_ADDRESS: "The address is too long",
    SLOW_BODY: "The body did not arrive in time",
}
_EXPORTED: dict[str, Node] = {
    "export-status": {"application/json": {"schema": {"type": "object", "required": ["output"]}}},
    "export-file": {"application/fhir+ndjson": {"schema": {"type": "string"}}},
}


class Answers:
    """Words with their status numbers.

    Args:
        statuses: By word: those of DONE, the categories' values, LONG_ADDRESS and SLOW_BODY.
    """

    def __init__(self, statuses: Mapping[str, int]) -> None:
        self._statuses = statuses

    def of(self, code: str) -> dict[str, tuple[str, ...]]:
        """Status -> words, of an interaction, smallest status first."""
        words = ANSWERS[code.removesuffix("-by-post")]
        if code.endswith("-by-post"):
            words = (*words, *BODY)
        found: dict[int, tuple[str, ...]] = {}
        for word in dict.fromkeys(words):
            status = self._statuses[word]
            found[status] = (*found.get(status, ()), word)
        return {str(status): found[status] for status in sorted(found)}


def answered(answers: Answers, code: str, returned: str) -> Node:
    """The responses of an interaction.

    Args:
        answers: See Answers.
        code: The interaction, or an operation with `-by-post` after it.
        returned: Name of the schema of what comes back.
    """
    return {
        status: _done(words[0], returned, code)
        if words[0] in DONE
        else {"$ref": f"#/components/responses/{words[0]}"}
        for status, words in answers.of(code).items()
    }


def _done(word: str, returned: str, code: str) -> Node:
    told: Node = {"description": _TEXTS[word]}
    if word in (EMPTY, UNCHANGED):
        return told
    # Prefer can ask for an OperationOutcome, or for nothing, in the place of what was written.
    written = "Prefer" if word == CREATED or code.split("-")[-1] in _WRITES else ""
    name = "OperationOutcome" if word == ACCEPTED or code.endswith("delete") else returned
    schema = named(name)
    if written and name != "OperationOutcome":
        schema = {"anyOf": [schema, named("OperationOutcome")]}
    content = _EXPORTED.get(code) or _content(schema)
    if code.startswith("table"):
        content |= {"text/csv": {"schema": {"type": "string"}}}
    return told | {"content": content}


_WRITES = ("create", "update", "patch", "delete")


def _content(schema: Node) -> Node:
    return {
        "application/fhir+json": {"schema": schema},
        "application/fhir+xml": {"schema": {"type": "string"}},
    }


def outcome_responses() -> dict[str, Node]:
    """The response to every failure, by its word."""
    words = [each.value for each in Category] + [LONG_ADDRESS, SLOW_BODY]
    return {
        word: {
            "description": _TEXTS.get(word, word.replace("-", " ").capitalize()),
            "content": _content(named("OperationOutcome")),
        }
        for word in words
    }
