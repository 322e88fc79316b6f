"""What can be set from outside, in which unit, and what holds without it?

Each field is an environment variable of its name in capitals with FHIR_GATEWAY_ before it; those of
the surroundings (DATABASE_URL, DATABASE_OWNER_URL, PUBLIC_BASE_URL) go by their usual names.
"""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="FHIR_GATEWAY_", populate_by_name=True)

    #: Interface for HTTP and MLLP.
    host: str = "127.0.0.1"
    #: 0 takes a free one.
    http_port: int = Field(default=8080, ge=0, le=65535)
    #: 0 takes a free one.
    mllp_port: int = Field(default=2575, ge=0, le=65535)
    #: Where the embedded database lives, unless database_url is set.
    data_dir: Path = Path(".local")
    #: Folder of descriptions: the ports for HL7 v2, one YAML file each, in `listeners` below it;
    #: None: one port.
    config_dir: Path | None = None
    #: libpq address of a PostgreSQL 14 to 18; wins over the embedded one.
    database_url: str | None = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "database_url")
    )
    #: Of a login that may create tables, where database_url may not.
    database_owner_url: str | None = Field(
        default=None, validation_alias=AliasChoices("DATABASE_OWNER_URL", "database_owner_url")
    )
    #: Most connections to the database.
    database_connections: int = Field(default=8, ge=2, le=200)
    #: Where clients reach the server; None: as each request says.
    public_base_url: str | None = Field(
        default=None, validation_alias=AliasChoices("PUBLIC_BASE_URL", "public_base_url")
    )
    #: Proxies whose X-Forwarded-Host and X-Forwarded-Proto are believed: addresses and networks,
    #: separated by commas. Without effect where public_base_url is set.
    trusted_proxies: str = ""
    #: Web origins whose pages may read answers, separated by commas; * for all.
    cors_origins: str = "*"
    #: Seconds to finish what has begun after SIGTERM.
    drain_seconds: float = Field(default=20.0, ge=0)

    #: How times are ranked where the caller does not say.
    slot_policy: Literal["plan", "best"] = "best"
    #: Who is asked for a freed time, and how many at once.
    waitlist_policy: Literal["plan", "best"] = "best"
    #: How the risk of a no-show is found where the caller does not say.
    no_show_policy: Literal["plan", "best"] = "best"
    #: In which order people are called from a queue whose configuration does not say.
    queue_policy: Literal["plan", "best"] = "best"
    #: By which points `plan` orders a queue whose configuration does not say.
    queue_ordering: Literal["formula", "weighted"] = "formula"
    #: Whether offered time is held; None: `best` holds, `plan` does not.
    offer_hold: bool | None = None
    #: Minutes before its start from which a freed time is offered to nobody any more.
    minimum_notice: int = Field(default=60, ge=0)
    #: Minutes from now within which no time is found for anybody.
    slot_notice: int = Field(default=0, ge=0)
    #: The same for some kinds of visit, by codes of serviceType, as a JSON object.
    minimum_notice_by_type: dict[str, int] = {}
    #: Hours in which patients get no messages and the clock of their offers stands still, in their
    #: own zones; empty for none.
    quiet_hours: str = "21:00-08:00"
    #: By which patients are told who have not said how, the preferred one first: sms, email, push,
    #: voice.
    channels: str = "sms,email"
    #: Whether an update has to say If-Match.
    require_if_match: bool = False
    #: Whether a message whose content is at fault is answered AE; else AA, and it waits for people.
    strict_feeds: bool = False
    #: What is logged: debug, info, warning, error.
    log_level: Literal["debug", "info", "warning", "error"] = "info"
