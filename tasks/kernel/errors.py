"""Every error that a person may see: a stable code, one sentence, an exit status.

The sentence says what is wrong, where, and how to mend it. docs/errors.md lists the codes.
"""

import os
from datetime import datetime
from typing import ClassVar

from configs.errors import ConfigError, EmeritusError
from configs.redaction import redact

__all__ = ["ConfigError", "EmeritusError", "told"]


def told(error: OSError, where: str = "") -> str:
    """What the operating system refused, as `place: reason` without numbers.

    Args:
        error: its refusal.
        where: names the place when the error does not; empty to name none then.
    """
    reason = error.strerror or str(error) or type(error).__name__
    named = isinstance(error.filename, (str, bytes, os.PathLike))  # it may be an open file's number
    place = os.fsdecode(error.filename) if named else ""
    return redact(f"{place or where}: {reason}" if place or where else reason)


class NotFound(EmeritusError):
    """What was named does not exist in the records."""

    code = "EM110"
    exit_status = 2


class ChangeRefused(EmeritusError):
    """A changed configuration may not come into force; the one in force stays."""

    code = "EM120"


class RepositoryUnusable(EmeritusError):
    """Git can't give the configurations that were named."""

    code = "EM130"


class CommitRefused(EmeritusError):
    """The fleet's policy allows no pass by this commit, or by this working tree."""

    code = "EM140"


class SourceRefused(EmeritusError):
    """The folder of weights holds something that may not be preserved as it is."""

    code = "EM200"


class ReplicaDamaged(EmeritusError):
    """A replica does not hold what its manifest says."""

    code = "EM210"


class MetadataMissing(EmeritusError):
    """What the configuration requires of a package's description is not there."""

    code = "EM220"


class DecryptionRefused(EmeritusError):
    """An encrypted piece can't be opened with the key at hand."""

    code = "EM230"


class WrongKey(DecryptionRefused):
    """What is encrypted is for other keys than those at hand."""

    code = "EM231"


class ManifestSignatureRefused(EmeritusError):
    """A package's signature does not hold, or its signing key can't be used."""

    code = "EM240"


class RestoreRefused(EmeritusError):
    """A package can't be restored there, or not from that replica; nothing was left behind."""

    code = "EM250"


class DrillFailed(EmeritusError):
    """A restored package did not run as it did when it was kept."""

    code = "EM260"


class ArchiveUnusable(EmeritusError):
    """A replica's place refuses what is asked of it; the sentence says which, what, and why."""

    code = "EM270"


class TemporaryFilesUnusable(EmeritusError):
    """The folder for temporary files is full, missing or not to be written."""

    code = "EM280"


class EndpointFault(EmeritusError):
    """The model's endpoint answered with a fault that another try won't mend.

    Attributes:
        status: HTTP status that it answered with; 0 where it was none.
        until: the instant before which it asks not to be called again, if it named one.
    """

    code = "EM300"

    def __init__(self, said: str, *, status: int = 0, until: datetime | None = None) -> None:
        super().__init__(said)
        self.status, self.until = status, until


class EndpointBusy(EndpointFault):
    """The endpoint can't answer now (429, 5xx, a lost connection); another try may."""

    code = "EM301"


class ExtraMissing(EndpointFault):
    """The configured adapter needs a package that is not installed."""

    code = "EM302"


class BudgetExhausted(EmeritusError):
    """The configured ceiling of calls is reached."""

    code = "EM310"


class SignatureRefused(EmeritusError):
    """A person's signature does not count, and why."""

    code = "EM400"
    exit_status = 3


class KeyRevoked(SignatureRefused):
    """A signature counts no more: its key is revoked, or its person is not listed (any more)."""

    code = "EM401"
    exit_status = 3


class DecisionRefused(EmeritusError):
    """A person's act is not possible in the state that the records show."""

    code = "EM410"
    exit_status = 3


class PublicationRefused(EmeritusError):
    """What would be published is not what was approved."""

    code = "EM500"


class UsageLogUnusable(EmeritusError):
    """The usage log can't be read for what it should tell."""

    code = "EM510"


class FeedRefused(EmeritusError):
    """A news feed may not be read as things stand: its host, address, scheme or certificate.

    Attributes:
        transient: whether another try may mend it.
    """

    code = "EM520"
    transient: ClassVar[bool] = False


class FeedUnusable(FeedRefused):
    """What came from a news feed's host is no feed that may be used."""

    code = "EM521"


class FeedAway(FeedRefused):
    """A news feed's host gives no whole answer now; another try may bring one."""

    code = "EM522"
    transient = True


class TargetRefused(EmeritusError):
    """A channel beside the site takes no essay as things stand: its address, key or rights.

    Attributes:
        status: HTTP status that it answered with; 0 where it was none.
    """

    code = "EM530"

    def __init__(self, said: str, *, status: int = 0) -> None:
        super().__init__(said)
        self.status = status


class TargetBusy(TargetRefused):
    """A channel beside the site can't answer now; another try may do."""

    code = "EM531"


class LeaseHeld(EmeritusError):
    """Another pass over the same model is under way."""

    code = "EM600"
    exit_status = 75  # EX_TEMPFAIL of sysexits.h: try again later


class FenceLost(EmeritusError):
    """This pass lost its lease to a later one; its write was refused."""

    code = "EM610"
    exit_status = 75


class RecordsUnusable(EmeritusError):
    """The database can't be opened, or was made by a later version."""

    code = "EM620"


class RecordsAway(EmeritusError):
    """The database is away, restarting or too busy; nothing of the step was written."""

    code = "EM621"
    exit_status = 75


class AuditBroken(EmeritusError):
    """The audit chain, or a row that it tells of, was changed."""

    code = "EM630"
    exit_status = 4


class SystemRefused(EmeritusError):
    """The operating system refuses a file or folder that is no replica's."""

    code = "EM730"


class ReplayRefused(EmeritusError):
    """Recorded prompts can't be asked again, or not be told of, as things stand."""

    code = "EM546"


class GradesUnusable(EmeritusError):
    """A table of grades given elsewhere can't be read for what it should tell."""

    code = "EM547"


class EvidenceRefused(EmeritusError):
    """A dossier's evidence can't be packed as asked; nothing was written."""

    code = "EM548"


class SourceMoved(EmeritusError):
    """A source of figures changed while it was read; nothing of it was recorded."""

    code = "EM541"
