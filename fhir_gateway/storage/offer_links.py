"""Whose link is this, and may it still be used?

Of a token only a keyed hash is kept, bound to tenant, offer, recipient and purpose; it is used
once. reliability-security.md section 7.
"""

from dataclasses import dataclass
from datetime import datetime

from fhir_gateway.storage.postgres import Transaction

ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class OfferLink:
    """One link.

    Attributes:
        offer: Id of the Appointment that it is about.
        recipient: Reference of who answers with it.
        open: Whether it can still be used, by the database's clock.
    """

    offer: str
    recipient: str
    open: bool


async def keep(
    tx: Transaction, hash_: bytes, key_id: str, offer: str, recipient: str, expires: datetime
) -> None:
    """Keep a new link for the answer to an offer."""
    await tx.execute(
        "INSERT INTO offer_link (tenant, hash, key_id, purpose, offer, recipient, created_at,"
        " expires_at) VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp(), %s)",
        (tx.tenant, hash_, key_id, ANSWER, offer, recipient, expires),
    )


async def find(tx: Transaction, hash_: bytes, key_id: str) -> OfferLink | None:
    """The link with that hash; None where there never was one."""
    row = await tx.row(
        "SELECT offer, recipient, used_at IS NULL AND expires_at > clock_timestamp()"
        " FROM offer_link WHERE tenant = %s AND hash = %s AND key_id = %s AND purpose = %s",
        (tx.tenant, hash_, key_id, ANSWER),
    )
    return None if row is None else OfferLink(*row)


async def use(tx: Transaction, hash_: bytes, key_id: str) -> bool:
    """Use a link up; False where somebody has done so, or its time is over."""
    return (
        await tx.execute(
            "UPDATE offer_link SET used_at = clock_timestamp() WHERE tenant = %s AND hash = %s"
            " AND key_id = %s AND purpose = %s AND used_at IS NULL"
            " AND expires_at > clock_timestamp()",
            (tx.tenant, hash_, key_id, ANSWER),
        )
        == 1
    )


async def offer_expires(tx: Transaction, offer: str) -> datetime | None:
    """Until when an offer may be answered; None where it is none or is closed."""
    row = await tx.row(
        "SELECT expires_at FROM offer WHERE tenant = %s AND id = %s AND outcome = 'open'",
        (tx.tenant, offer),
    )
    return None if row is None else row[0]
