"""A person's signature under a statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: the name in the list of allowed signers, and the key's fingerprint."""

    person: str
    fingerprint: str


class SignatureVerifier(Protocol):
    """Tells whether a signature is that of an allowed person."""

    def verify(
        self, statement: bytes, signature: str, *, namespace: str, person: str, at: datetime
    ) -> Signer:
        """Check a signature at the instant at which it was received.

        Args:
            statement: the exact bytes that were signed.
            signature: armoured SSH signature.
            namespace: what the signature is for; one for another purpose is refused.
            person: the name under which it is handed in.
            at: our clock's time of receipt.

        Raises:
            SignatureRefused: and why.
        """
        ...

    def covers(self, statement: bytes, signature: str, *, namespace: str) -> bool:
        """Whether a signature was made under just this statement, by whatever key.

        It authorises nobody; it tells a person which text they signed instead.

        Raises:
            SignatureRefused: it is no SSH signature.
        """
        ...
