"""Whose a caller is, by what the configuration says of the owners. Pure."""

from collections.abc import Sequence

from configs.schema.candidate import Owner


class Callers:
    """The callers of all owners; the configuration is refused where one could be two owners'."""

    def __init__(self, owners: Sequence[Owner]) -> None:
        said = [(one.casefold(), owner.name) for owner in owners for one in owner.callers]
        self._whole = {key: owner for key, owner in said if not key.endswith("*")}
        self._begin = [(key.rstrip("*"), owner) for key, owner in said if key.endswith("*")]

    def owner_of(self, name: str) -> str:
        """The owner to whom a user, key or team belongs; empty when to none."""
        key = name.strip().casefold()
        if key in self._whole:
            return self._whole[key]
        return next((owner for begin, owner in self._begin if key.startswith(begin)), "")
