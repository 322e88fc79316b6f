"""Which resources travel with the hits?

`_include` follows references of the hits, `_revinclude` finds what points to them, `:iterate` goes
on from what has been found. FHIR R4 section 3.1.1.5.3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_gateway.core.refs import Ref, relative
from fhir_gateway.fhir.catalogue import CATALOGUE
from fhir_gateway.fhir.search_criteria import Criterion
from fhir_gateway.fhir.search_query import SearchQuery
from fhir_gateway.fhir.search_results import Include
from fhir_gateway.fhir.search_terms import ReferenceValue
from fhir_gateway.storage.postgres import Transaction
from fhir_gateway.storage.resources import Stored, read_many
from fhir_gateway.storage.search_conditions import condition
from fhir_gateway.storage.search_statement import Bound, Selection, rows_of

MOST = 1000
DEPTH = 5


@dataclass(slots=True)
class Included:
    """What travels with a page.

    Attributes:
        resources: None twice, none that is a hit; nearest first.
        warnings: Sentences for a person, where something was left out.
    """

    resources: list[Stored] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


async def included(tx: Transaction, query: SearchQuery, matches: Sequence[Stored]) -> Included:
    """Find all that the hits of one page bring along.

    Args:
        tx: The transaction of the search.
        query: Its includes and revincludes are looked at.
        matches: May be empty.

    Source: FHIR R4 section 3.1.1.5.3; at most 1000 resources, found in at most five steps.
    """
    found = Included()
    if not query.includes and not query.revincludes:
        return found
    known = {each.ref for each in matches}
    newest = list(matches)
    forward, backward = query.includes, query.revincludes
    for _ in range(DEPTH):
        following = await _following(tx, forward, backward, newest, known, found)
        found.resources += following
        if not following or found.warnings:
            return found
        known |= {each.ref for each in following}
        newest = following
        forward = tuple(each for each in query.includes if each.iterate)
        backward = tuple(each for each in query.revincludes if each.iterate)
    beyond = Included(found.resources)
    if await _following(tx, forward, backward, newest, known, beyond) or beyond.warnings:
        found.warnings.append(f"References were followed over {DEPTH} steps and not further")
    return found


async def _following(
    tx: Transaction,
    forward: Sequence[Include],
    backward: Sequence[Include],
    newest: Sequence[Stored],
    known: set[Ref],
    found: Included,
) -> list[Stored]:
    room = MOST - len(found.resources)
    targets = await _targets(tx, forward, newest) - known
    new = await _read(tx, targets)
    for each in backward:
        seen = known | {stored.ref for stored in new}
        new += await _pointing(tx, each, newest, seen, room + 1)
    if len(new) > room:
        found.warnings.append(
            f"More than {MOST} resources belong to this page; the rest is left out"
        )
    return new[:room]


def _by_type(refs: Iterable[Ref]) -> Mapping[str, list[str]]:
    by_type: dict[str, list[str]] = {}
    for ref in sorted(refs):
        by_type.setdefault(ref.type, []).append(ref.id)
    return by_type


async def _read(tx: Transaction, refs: Iterable[Ref]) -> list[Stored]:
    found: list[Stored] = []
    for type_name, ids in _by_type(refs).items():
        found += (await read_many(tx, type_name, ids[: MOST + 1])).values()
    return found


async def _targets(
    tx: Transaction, includes: Sequence[Include], newest: Sequence[Stored]
) -> set[Ref]:
    """What the newest resources point to, as far as it is asked for."""
    found: set[Ref] = set()
    for source, ids in _by_type(each.ref for each in newest).items():
        asked = {(each.param.name, each.target) for each in includes if each.source == source}
        if not asked:
            continue
        rows = await tx.rows(
            "SELECT DISTINCT split_part(e, '|', 2), split_part(e, '|', 3)"
            f" FROM {rows_of(source)} r CROSS JOIN unnest(r.tokens) e"
            " WHERE r.tenant = %s AND r.id = ANY(%s) AND split_part(e, '|', 2) = ANY(%s)",
            (tx.tenant, ids, sorted({name for name, _ in asked})),
        )
        for name, text in rows:
            ref = relative(text)
            if ref and ref.type in CATALOGUE and {(name, None), (name, ref.type)} & asked:
                found.add(ref)
    return found


async def _pointing(
    tx: Transaction, include: Include, newest: Sequence[Stored], known: set[Ref], limit: int
) -> list[Stored]:
    """What points to the newest resources through one parameter."""
    kinds = (include.target,) if include.target else include.param.targets or tuple(CATALOGUE)
    name = include.param.name
    entries = tuple(f"{name}|{each.ref}" for each in newest if each.type in kinds)
    if not entries:
        return []
    bound = Bound(tx.tenant)
    asked = Criterion(include.param, None, (ReferenceValue(entries),))
    selection = Selection(
        include.source, "r", (condition(include.source, asked, "r", bound),), bound
    )
    others = bound.add([ref.id for ref in known if ref.type == include.source])
    rows = await tx.rows(
        selection.select(
            "r.id", further=[f"NOT r.id = ANY({others})"], tail=f"ORDER BY r.id LIMIT {limit}"
        ),
        bound.values,
    )
    return list((await read_many(tx, include.source, [row[0] for row in rows])).values())
