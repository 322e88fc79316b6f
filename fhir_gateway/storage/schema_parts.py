"""Which tables are there beside those of resources, time and messages?"""

from sqlalchemy import MetaData

from fhir_gateway.storage.schema_days import add_scheduling_tables
from fhir_gateway.storage.schema_exports import add_exports
from fhir_gateway.storage.schema_learning import add_learning
from fhir_gateway.storage.schema_outbound import outbound_message_table
from fhir_gateway.storage.schema_queues import add_queues
from fhir_gateway.storage.schema_waitlist import add_waitlist


def add_parts(metadata: MetaData) -> None:
    """Declare them, each part by itself."""
    add_exports(metadata)
    add_learning(metadata)
    add_queues(metadata)
    add_scheduling_tables(metadata)
    add_waitlist(metadata)
    outbound_message_table(metadata)
