"""How are the feeds?"""


def messages() -> None:
    """To be written."""


def outbound() -> None:
    """To be written."""
