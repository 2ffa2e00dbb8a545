"""What lets callers through to a retired model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class KeyAtGateway:
    """One caller's key as ledger or gateway knows it; never the key itself.

    Attributes:
        token_id: SHA-256 of the key, or the gateway's own id of it.
        grant_id: the grant under which it was made; empty when the gateway knows of none.
        holder: who was given it; empty when the gateway doesn't say.
        live: whether the gateway lets it through now, as far as it says.
    """

    token_id: str
    grant_id: str = ""
    holder: str = ""
    live: bool = True


@dataclass(frozen=True, slots=True)
class GrantedAccess:
    """Leave for one kind of caller, or one holder, with its term and its keys.

    Attributes:
        id: the grant's.
        model_id: the model.
        kind: `paid_users`, `research_api`, `essay_channel` or `research`.
        starts_at: first instant.
        ends_at: from then on it is over.
        holder: one person or organisation; empty for all of a kind.
        revoked_at: when a person ended it early.
        keys: the live keys under it.
        simulated: whether it rests on a simulation.
    """

    id: str
    model_id: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    holder: str = ""
    revoked_at: datetime | None = None
    keys: tuple[KeyAtGateway, ...] = ()
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key: shown to its holder once, and kept nowhere by us."""

    key: str
    token_id: str

    def __repr__(self) -> str:
        """Without the key, which must not reach a log."""
        return f"IssuedKey(token_id={self.token_id!r})"


class AccessGateway(Protocol):
    """Enforces grants; Emeritus itself is no proxy."""

    name: str
    """Which adapter this is, as recorded with the keys that it makes."""

    def apply(
        self,
        model_id: str,
        names: Sequence[str],
        grants: Sequence[GrantedAccess],
        withdrawal: Mapping[str, Any],
    ) -> str:
        """Make these the only grants for the model; returns where. Safe to repeat.

        Args:
            model_id: the model.
            names: every name under which the gateway serves it.
            grants: all grants, ended and revoked ones too.
            withdrawal: the plan for everybody else, as JSON values; empty for none.

        Raises:
            OSError: not applied.
        """
        ...

    def issue(self, grant: GrantedAccess, holder: str, names: Sequence[str]) -> IssuedKey:
        """Make a key for a holder under a grant. Not safe to repeat: each call makes one.

        Raises:
            OSError: no key was made, or none that can be used.
        """
        ...

    def keys(self, model_id: str, names: Sequence[str]) -> Sequence[KeyAtGateway] | None:
        """Every key that opens the model there, also ones made by hand; None if it can't tell.

        Raises:
            OSError: it can't be asked.
        """
        ...

    def revoke(self, token_id: str) -> None:
        """Let a key open nothing from now on. Safe to repeat.

        Raises:
            OSError: not done.
        """
        ...
