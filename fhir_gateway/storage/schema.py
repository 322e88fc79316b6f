"""Which tables are there?

Made from the catalogue: two tables for each resource type (decision 7), and the gateway's own. The
migrations hold the same as text; a test compares the two.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB, TSTZRANGE, ExcludeConstraint
from sqlalchemy.types import TypeEngine

from fhir_gateway.fhir.catalogue import CATALOGUE, ResourceType, SearchParam
from fhir_gateway.storage.columns import PLAIN, TIME, key, keyed_tenant
from fhir_gateway.storage.names import columns_of, table_of, token_table_of
from fhir_gateway.storage.schema_parts import add_parts

metadata = MetaData(
    naming_convention={"pk": "%(table_name)s_pkey", "ck": "%(table_name)s_%(constraint_name)s"}
)


def _tenant() -> Column[int]:
    return Column("tenant", Integer, ForeignKey("tenant.id"), nullable=False)


def _derived_tenant(*, key: bool = False) -> Column[int]:
    """Of rows that never stand without one that has been checked."""
    return Column("tenant", Integer, primary_key=key, nullable=False)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, PLAIN, nullable=nullable)


def _serial() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


tenant = Table(
    "tenant",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("slug", PLAIN, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("zone", PLAIN, nullable=False),
    Column("settings", JSONB, nullable=False, server_default=text("'{}'")),
)

#: Values that every process of one installation shares, such as the key of signatures.
instance = Table("instance", metadata, key("name"), Column("value", LargeBinary, nullable=False))

history = Table(
    "history",
    metadata,
    keyed_tenant(),
    key("type"),
    key("id"),
    Column("version", Integer, primary_key=True),
    Column("last_updated", TIME, nullable=False),
    _text("method"),
    Column("content", LargeBinary),
    Index("history_by_type", "tenant", "type", "last_updated", "id"),
    Index("history_by_time", "tenant", "last_updated", "type", "id"),
)

search_text = Table(
    "search_text",
    metadata,
    _derived_tenant(),
    _text("type"),
    _text("id"),
    _text("param"),
    _text("folded"),
    _text("exact"),
    Index("search_text_by_value", "tenant", "type", "param", "folded", "id"),
    Index("search_text_by_id", "tenant", "type", "id"),
)

search_date = Table(
    "search_date",
    metadata,
    _derived_tenant(),
    _text("type"),
    _text("id"),
    _text("param"),
    Column("low", TIME, nullable=False),
    Column("high", TIME, nullable=False),
    Index("search_date_by_value", "tenant", "type", "param", "low", "id"),
    Index("search_date_by_id", "tenant", "type", "id"),
)

search_number = Table(
    "search_number",
    metadata,
    _derived_tenant(),
    _text("type"),
    _text("id"),
    _text("param"),
    Column("low", Numeric, nullable=False),
    Column("high", Numeric, nullable=False),
    Index("search_number_by_value", "tenant", "type", "param", "low", "id"),
    Index("search_number_by_id", "tenant", "type", "id"),
)

identity = Table(
    "identity",
    metadata,
    _derived_tenant(key=True),
    key("type"),
    key("system"),
    key("value"),
    _text("id"),
    Index("identity_by_id", "tenant", "type", "id"),
)

#: One number for whatever can be held; never reused, the same for all tenants together.
actor = Table(
    "actor",
    metadata,
    Column("key", BigInteger, Identity(always=True), primary_key=True),
    _tenant(),
    _text("reference"),
    Index("actor_by_reference", "tenant", "reference", unique=True),
)

#: Whose time the Slots of a Schedule are; the Schedule as a reference, as the Slots name it.
schedule_actor = Table(
    "schedule_actor",
    metadata,
    _derived_tenant(key=True),
    key("schedule"),
    Column("actor_key", BigInteger, ForeignKey("actor.key"), primary_key=True),
    _text("reference"),
    Column("exclusive", Boolean, nullable=False),
    Column("buffer_before", Integer, nullable=False),
    Column("buffer_after", Integer, nullable=False),
    Index("schedule_actor_by_actor", "tenant", "actor_key"),
)

#: The guard (decision 8).
busy = Table(
    "busy",
    metadata,
    _serial(),
    _tenant(),
    Column("actor_key", BigInteger, ForeignKey("actor.key"), nullable=False),
    Column("during", TSTZRANGE, nullable=False),
    Column("starts", TIME, Computed("lower(during)", persisted=True), nullable=False),
    Column("ends", TIME, Computed("upper(during)", persisted=True), nullable=False),
    Column("core", TSTZRANGE, nullable=False),
    _text("kind"),
    _text("appointment", nullable=True),
    _text("task", nullable=True),
    Column("slots", ARRAY(PLAIN), nullable=False),
    Column("tentative", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False),
    Column("exclusive", Boolean, nullable=False),
    Column("expires_at", TIME),
    # Rows of one share do not exclude each other; every ordinary row has a share of its own.
    Column("seats_of", INET),
    Column(
        "share",
        INET,
        Computed("coalesce(seats_of, '::'::inet + id)", persisted=True),
        nullable=False,
    ),
    Column("seats", Integer, nullable=False, server_default=text("1")),
    Column("seat", Integer, nullable=False, server_default=text("0")),
    CheckConstraint("seat >= 0 AND seat < seats", name="seat_check"),
    CheckConstraint(
        "NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)", name="during_check"
    ),
    CheckConstraint(
        "kind IN ('appointment', 'overlap', 'hold', 'offer', 'taken', 'block')", name="kind_check"
    ),
    ExcludeConstraint(
        (text("int8range(actor_key, actor_key, '[]')"), "&&"),
        (text("during"), "&&"),
        (text("share inet_ops"), "<>"),
        where=text("active AND exclusive"),
        name="busy_guard",
    ),
    Index("busy_by_actor", "actor_key", "ends"),
    Index(
        "busy_seat",
        "actor_key",
        "seats_of",
        "seat",
        unique=True,
        postgresql_where=text("active AND exclusive AND seats_of IS NOT NULL"),
    ),
    Index("busy_by_appointment", "tenant", "appointment"),
    Index("busy_by_task", "tenant", "task"),
    Index("busy_by_expiry", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
)

inbox = Table(
    "inbox",
    metadata,
    _serial(),
    _tenant(),
    Column("received_at", TIME, nullable=False),
    _text("peer"),
    Column("raw", LargeBinary, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    _text("application"),
    _text("facility"),
    _text("control_id"),
    _text("event"),
    _text("state"),
    Column("ack", LargeBinary, nullable=False),
    _text("ack_code"),
    Column("issues", JSONB, nullable=False, server_default=text("'[]'")),
    _text("appointment", nullable=True),
    _text("port_sender", nullable=True),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("settled_at", TIME),
    _text("settled_as", nullable=True),
    _text("note", nullable=True),
    Column("retry_at", TIME),
    Column("corrects", BigInteger),
    _text("settled_by", nullable=True),
    CheckConstraint(
        "state IN ('received', 'sent', 'filtered', 'error', 'refused')", name="state_check"
    ),
    CheckConstraint("settled_as IN ('replayed', 'skipped', 'corrected')", name="settled_check"),
    Index("inbox_by_time", "tenant", "received_at"),
    Index("inbox_by_control_id", "tenant", "control_id"),
    Index("inbox_waiting", "tenant", "id", postgresql_where=text("state = 'error'")),
    Index(
        "inbox_lanes",
        "tenant",
        "application",
        "facility",
        "id",
        postgresql_where=text("state = 'received'"),
    ),
)

#: The acknowledgement of each message, kept longer than the message (decision 20).
inbox_key = Table(
    "inbox_key",
    metadata,
    keyed_tenant(),
    key("application"),
    key("facility"),
    key("control_id"),
    Column("sha256", LargeBinary, primary_key=True),
    Column("received_at", TIME, nullable=False),
    Column("ack", LargeBinary, nullable=False),
)

#: Appointments that were ended before they were known, by their feed's key.
tombstone = Table(
    "tombstone",
    metadata,
    keyed_tenant(),
    key("system"),
    key("value"),
    Column("message_time", TIME, nullable=False),
    Column("event", PLAIN, nullable=False),
)

#: The newest message that has been applied to an Appointment.
feed_state = Table(
    "feed_state",
    metadata,
    keyed_tenant(),
    key("appointment"),
    Column("message_time", TIME),
    Column("received_at", TIME, nullable=False),
    _text("control_id"),
)

#: Appointments that are parts of another, by that one's key in their feed.
feed_child = Table(
    "feed_child",
    metadata,
    keyed_tenant(),
    key("system"),
    key("value"),
    key("appointment"),
)

outbox = Table(
    "outbox",
    metadata,
    _serial(),
    _tenant(),
    Column("created_at", TIME, nullable=False),
    _text("kind"),
    Column("payload", JSONB, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("not_before", TIME, nullable=False),
    _text("error", nullable=True),
    Index("outbox_by_time", "not_before", "id"),
)

timer = Table(
    "timer",
    metadata,
    keyed_tenant(),
    key("kind"),
    key("subject"),
    Column("due", TIME, nullable=False),
    Column("payload", JSONB, nullable=False, server_default=text("'{}'")),
    Index("timer_by_due", "due"),
)

add_parts(metadata)

#: Tables whose rows belong to no single tenant.
SHARED = frozenset({"tenant", "instance", "alembic_version"})
#: Tables that a worker reads for all tenants at once (decision 6).
QUEUES = frozenset({"outbox", "timer", "inbox"})


def _search_columns(param: SearchParam) -> list[Column[Any]]:
    kind: TypeEngine[Any] = TIME if param.type == "date" else PLAIN
    if param.type in ("number", "quantity", "special"):
        kind = Numeric()
    return [Column(name, kind) for name in columns_of(param)]


def _resource_tables(each: ResourceType) -> None:
    name = table_of(each.name)
    columns = [column for param in each.params for column in _search_columns(param)]
    indexes: list[Index] = [
        Index(f"{name}_by_update", "tenant", "last_updated", "id"),
    ]
    indexes += [
        Index(f"{name}_by_{columns_of(param)[0]}", "tenant", columns_of(param)[0], "id")
        for param in each.params
        if param.hot and not param.multiple
    ]
    Table(
        name,
        metadata,
        keyed_tenant(),
        key("id"),
        Column("version", Integer, nullable=False),
        Column("last_updated", TIME, nullable=False),
        Column("tokens", ARRAY(PLAIN), nullable=False),
        Column("hashes", ARRAY(BigInteger), nullable=False),
        *columns,
        *indexes,
    )
    Table(
        f"{name}_content",
        metadata,
        _derived_tenant(key=True),
        key("id"),
        Column("version", Integer, nullable=False),
        Column("content", LargeBinary, nullable=False),
    )
    # Row security keeps indexes on arrays and ranges from being used: their operators might tell
    # what a row holds. Equality of numbers does not, so the tokens are found by their hashes.
    Table(
        token_table_of(each.name),
        metadata,
        _derived_tenant(key=True),
        Column("hash", BigInteger, primary_key=True, autoincrement=False),
        key("id"),
    )


for _each in CATALOGUE.values():
    _resource_tables(_each)

_slot = metadata.tables["slot"]
Index("slot_by_schedule", _slot.c.tenant, _slot.c.p_schedule, _slot.c.p_start)
#: Slots longer than a day; all others that overlap a time begin in the day before its end.
Index(
    "slot_long",
    _slot.c.tenant,
    _slot.c.p_schedule,
    postgresql_where=text("p_end - p_start > interval '1 day'"),
)
