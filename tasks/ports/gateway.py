"""What lets callers through to a retired model."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class GrantedAccess:
    """Leave for one kind of caller, with its term."""

    id: str
    model_id: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    simulated: bool = False


class AccessGateway(Protocol):
    """Enforces grants; Emeritus itself is no proxy."""

    def apply(self, model_id: str, grants: Sequence[GrantedAccess]) -> str:
        """Make these the only grants for the model; returns where. Safe to repeat.

        Raises:
            OSError: not applied.
        """
        ...
