"""Which profile holds for the sender of a message, and how is it changed without a restart?

MSH-3 and MSH-4 as described; then any facility of the application, any application of the
facility, and what is described for all.
"""

from collections.abc import Iterable, Iterator, Mapping

from fhir_gateway.core.errors import Category, GatewayError
from fhir_gateway.mapping.profile_files import ANY, Described, collisions
from fhir_gateway.mapping.profiles import SenderProfile

Sender = tuple[str, str]


class Senders(Mapping[Sender, SenderProfile]):
    """Profiles by sender. Looking one up tries the more exact description first."""

    def __init__(self, described: Iterable[Described] = ()) -> None:
        self._described: dict[Sender, Described] = {}
        self.become(described)

    def become(self, described: Iterable[Described]) -> None:
        """Hold other descriptions from now on, all at once.

        Raises:
            GatewayError: invalid, where two are for the same sender; nothing has changed then.
        """
        found = list(described)
        issues = collisions(found)
        if issues:
            raise GatewayError(Category.INVALID, *issues)
        self._described = {each.sender: each for each in found}

    def described(self, sender: Sender) -> Described | None:
        """The most exact description for a sender (MSH-3, MSH-4); None where there is none."""
        known = self._described
        application, facility = sender
        for key in (sender, (application, ANY), (ANY, facility), (ANY, ANY)):
            if key in known:
                return known[key]
        return None

    def named(self, name: str) -> Described | None:
        """The description of that name."""
        return next((each for each in self._described.values() if each.name == name), None)

    def all(self) -> list[Described]:
        """Every description by name."""
        return sorted(self._described.values(), key=lambda each: each.name)

    def __getitem__(self, sender: Sender) -> SenderProfile:
        found = self.described(sender)
        if found is None:
            raise KeyError(sender)
        return found.profile

    def __iter__(self) -> Iterator[Sender]:
        return iter(self._described)

    def __len__(self) -> int:
        return len(self._described)
