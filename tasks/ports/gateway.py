"""What lets callers through to a retired model."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
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
        names: the models that it opens, as the gateway names them; None when it doesn't say, or
            when the key opens every model.
        ends_at: when the gateway lets it end by itself; None when it doesn't say, or never.
        made_at: when it was made; None when the gateway doesn't say.
    """

    token_id: str
    grant_id: str = ""
    holder: str = ""
    live: bool = True
    names: tuple[str, ...] | None = None
    ends_at: datetime | None = None
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GrantedAccess:
    """Leave for one kind of caller, or one holder, with its term and its keys.

    Attributes:
        id: the grant's.
        model_id: the model.
        kind: `paid_users`, `research_api`, `essay_channel` or `research`.
        starts_at: first instant.
        ends_at: from then on it is over.
        names: what it opens, as the gateway names the model; with none it opens nothing.
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
    names: tuple[str, ...] = ()
    holder: str = ""
    revoked_at: datetime | None = None
    keys: tuple[KeyAtGateway, ...] = ()
    simulated: bool = False

    def is_open(self, at: datetime) -> bool:
        """Whether it lets through at an instant: from its start, until its end or revocation."""
        ended = self.revoked_at is not None and at >= self.revoked_at
        return self.starts_at <= at < self.ends_at and not ended


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key: shown to its holder once, and kept nowhere by us."""

    key: str
    token_id: str

    def __repr__(self) -> str:
        """Without the key, which must not reach a log."""
        return f"IssuedKey(token_id={self.token_id!r})"


@dataclass(frozen=True, slots=True)
class Applied:
    """Where a gateway was told, and whether it had been told otherwise before."""

    where: str
    anew: bool


class Serials(Protocol):
    """Numbers of grants files, by which readers know an older one. The records keep them."""

    def last_serial(self, model_id: str) -> int:
        """The number that was given out last; 0 before the first. Reads only."""
        ...

    def next_serial(self, model_id: str, *, above: int = 0) -> int:
        """A number higher than any before, and than `above`. Not safe to repeat."""
        ...


class AccessGateway(Protocol):
    """Enforces grants; Emeritus itself is no proxy."""

    name: str
    """Which adapter this is, as recorded with the keys that it makes."""

    tells_term: bool
    """Whether each key there has models and an end of its own, which can drift."""

    def exclusively(self) -> AbstractContextManager[None]:
        """Hold back every other writer of this gateway on this machine for the block.

        Records are read and applied within it, so that nobody applies older ones afterwards.

        Raises:
            OSError: it can't be had.
        """
        ...

    def apply(
        self,
        model_id: str,
        names: Sequence[str],
        grants: Sequence[GrantedAccess],
        withdrawal: Mapping[str, Any],
    ) -> Applied:
        """Make these the only grants for the model. Safe to repeat.

        Args:
            model_id: the model.
            names: the names under which the withdrawal counts.
            grants: all grants, ended and revoked ones too, each with the names that it opens.
            withdrawal: the plan for everybody else, as JSON values; empty for none.

        Raises:
            OSError, SignatureRefused: not applied.
        """
        ...

    def trouble(self, model_id: str) -> str:
        """Why what the gateway reads is not what was applied last; empty if it is. Reads only."""
        ...

    def taken(self, model_id: str, names: Collection[str]) -> Mapping[str, str]:
        """Those of the names that another model was told of there, and this one was not yet.

        Reads only.

        Returns:
            Name -> the other model.
        """
        ...

    def issue(self, grant: GrantedAccess, holder: str) -> IssuedKey:
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

    def amend(self, token_id: str, grant: GrantedAccess) -> None:
        """Let a key open exactly its grant's names, until that ends. Safe to repeat.

        Raises:
            OSError: not done.
        """
        ...

    def revoke(self, token_id: str) -> None:
        """Let a key open nothing from now on. Safe to repeat; not within `exclusively`.

        Raises:
            OSError, SignatureRefused: not done.
        """
        ...
