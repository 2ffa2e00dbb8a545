"""All tables. Importing this module registers each with SQLModel's metadata."""

from tasks.records.access import (
    Approval,
    GatewayCheck,
    Grant,
    GrantKey,
    GrantsSerial,
    Packet,
    Revocation,
    WithdrawalAct,
)
from tasks.records.application import Application, ApplicationEvent
from tasks.records.audit import AuditEntry, AuditHead
from tasks.records.batch import EndpointPause, MessageBatch
from tasks.records.candidate import HoldLift, LifecycleCheck
from tasks.records.checklist import ChecklistAct, Closing, ClosingSignature
from tasks.records.columns import Row
from tasks.records.communication import Notice, Page
from tasks.records.essay import (
    Draft,
    EssayDelivery,
    FeedReading,
    Publication,
    ReaderReport,
    Redraft,
    Review,
)
from tasks.records.follow_up import FollowUp
from tasks.records.incident import Incident, IncidentAct, IncidentTelling
from tasks.records.interview import Conversation, Design, DesignAmendment
from tasks.records.lease import Lease
from tasks.records.monitoring import Report, Retrospective, SourceReading, UsageAudit
from tasks.records.preservation import (
    Edition,
    EditionFile,
    GoldenAnswer,
    JournalEntry,
    Package,
    Piece,
    PreservationEvent,
    Replica,
    Unfinished,
)
from tasks.records.replay import Replay, ReplayRun
from tasks.records.retirement import Retirement, StageStatus
from tasks.records.validation import Coding, LedgerEntry, ReadBack, Standing, Verdict

AUDITED: tuple[type[Row], ...] = (
    Retirement,
    StageStatus,
    LifecycleCheck,
    HoldLift,
    Package,
    Edition,
    Replica,
    PreservationEvent,
    GoldenAnswer,
    Design,
    DesignAmendment,
    Conversation,
    MessageBatch,
    EndpointPause,
    Coding,
    Standing,
    Verdict,
    ReadBack,
    LedgerEntry,
    Packet,
    Approval,
    Grant,
    GrantKey,
    Revocation,
    GatewayCheck,
    WithdrawalAct,
    Application,
    ApplicationEvent,
    Draft,
    Redraft,
    Review,
    Publication,
    EssayDelivery,
    ReaderReport,
    Notice,
    Page,
    Report,
    UsageAudit,
    SourceReading,
    Incident,
    IncidentTelling,
    IncidentAct,
    ReplayRun,
    Replay,
    Retrospective,
    FollowUp,
    ChecklistAct,
    ClosingSignature,
    Closing,
)
BOOKKEEPING: tuple[type[Row], ...] = (
    Lease,
    AuditEntry,
    AuditHead,
    EditionFile,
    Piece,
    Unfinished,
    JournalEntry,
    GrantsSerial,
    FeedReading,
)
