"""What the access decision rests on, as plain values. Pure."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class PreferenceEvidence:
    """One theme's verdict: `stable`, `led`, ..., and its direction."""

    theme: str
    verdict: str
    polarity: str


@dataclass(frozen=True, slots=True)
class AccessEvidence:
    """The records that the decision rests on.

    Attributes:
        preferences: verdicts of the design in force, by theme.
        package_id: preserved package, or empty.
        verified_replicas: names of the replicas that verify.
        usage: the latest usage report's body, or None without one.
        simulated: whether any of it came from a simulation.
    """

    preferences: tuple[PreferenceEvidence, ...]
    package_id: str
    verified_replicas: tuple[str, ...]
    usage: dict[str, Any] | None
    simulated: bool

    def preference(self, theme: str) -> PreferenceEvidence | None:
        """The verdict on one theme, if there is one."""
        return next((p for p in self.preferences if p.theme == theme), None)

    def wants(self, theme: str) -> bool:
        """Whether the model has a stable wish for what the theme names."""
        found = self.preference(theme)
        return found is not None and (found.verdict, found.polarity) == ("stable", "want")
