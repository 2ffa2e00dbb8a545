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
        usage_source: where that report is found in the records; empty without one.
        design_digest: the interview design that the verdicts are of; empty without one.
        applications: how many researchers applied for access so far.
    """

    preferences: tuple[PreferenceEvidence, ...]
    package_id: str
    verified_replicas: tuple[str, ...]
    usage: dict[str, Any] | None
    simulated: bool
    usage_source: str = ""
    design_digest: str = ""
    applications: int = 0

    def preference(self, theme: str) -> PreferenceEvidence | None:
        """The verdict on one theme, if there is one."""
        return next((p for p in self.preferences if p.theme == theme), None)

    def wants(self, theme: str) -> bool:
        """Whether the model has a stable wish for what the theme names."""
        found = self.preference(theme)
        return found is not None and (found.verdict, found.polarity) == ("stable", "want")

    def stable(self) -> dict[str, str]:
        """Theme -> `want` or `reject`, of the stable preferences that take a side."""
        return {
            p.theme: p.polarity
            for p in self.preferences
            if p.verdict == "stable" and p.polarity in {"want", "reject"}
        }
