"""What monitoring keeps: sources, incidents, replays, follow-ups, retrospectives, checklist."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

INDEXED = {
    "source_reading": (
        "model_id",
        "source",
    ),
    "retrospective": ("model_id",),
    "incident": ("model_id",),
    "incident_telling": ("model_id",),
    "incident_act": (
        "incident_id",
        "model_id",
    ),
    "replay_run": ("model_id",),
    "replay": (
        "model_id",
        "run_id",
    ),
    "follow_up": (
        "design_digest",
        "model_id",
    ),
    "checklist_act": ("model_id",),
    "closing_signature": (
        "digest",
        "model_id",
    ),
}


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _string(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "source_reading",
        _string("id"),
        _string("model_id"),
        _string("source"),
        _string("kind"),
        _string("basis"),
        _string("state"),
        _text("body"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        _text("read_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "retrospective",
        _string("id"),
        _string("model_id"),
        _string("basis"),
        _text("body"),
        _string("location"),
        _text("made_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "incident",
        _string("id"),
        _string("model_id"),
        _string("kind"),
        _string("subject"),
        _string("severity"),
        _text("summary"),
        _text("evidence"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        _text("raised_at"),
        _text("closed_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "incident_telling",
        _string("incident_id"),
        _string("contact"),
        _string("model_id"),
        _string("channel"),
        _text("intended_at"),
        sa.Column("tries", sa.Integer(), nullable=False),
        _text("tried_at", nullable=True),
        _text("again_at", nullable=True),
        _text("sent_at", nullable=True),
        _string("outcome"),
        _text("said"),
        _text("receipt"),
        sa.PrimaryKeyConstraint("incident_id", "contact"),
    )
    op.create_table(
        "incident_act",
        _string("id"),
        _string("model_id"),
        _string("incident_id"),
        _string("action"),
        _string("reason"),
        _string("person"),
        _string("fingerprint"),
        _text("words"),
        _text("statement"),
        _text("signature"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "replay_run",
        _string("id"),
        _string("model_id"),
        _string("purpose"),
        _string("period"),
        _string("subject"),
        _string("basis"),
        _string("state"),
        _string("outcome"),
        _text("body"),
        _string("location"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        _text("started_at"),
        _text("judged_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "replay",
        _string("id"),
        _string("run_id"),
        _string("model_id"),
        _string("prompt"),
        sa.Column("sample", sa.Integer(), nullable=False),
        _string("outcome"),
        _text("text"),
        _string("request_id"),
        _string("served_model"),
        _string("stop_reason"),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        _text("raw"),
        _string("raw_sha256"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        _text("asked_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "follow_up",
        _string("digest"),
        _string("model_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        _string("design_digest"),
        _text("body"),
        _text("due_at"),
        _text("registered_at"),
        _string("outcome"),
        _text("drift"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        _text("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "checklist_act",
        _string("id"),
        _string("model_id"),
        _string("line"),
        _string("action"),
        _text("evidence"),
        _string("person"),
        _string("fingerprint"),
        _text("statement"),
        _text("signature"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "closing_signature",
        _string("id"),
        _string("model_id"),
        _string("digest"),
        _text("body"),
        _string("person"),
        _string("fingerprint"),
        _text("signature"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", "fingerprint", name="one_closing_a_key"),
        sa.UniqueConstraint("digest", "person", name="one_closing_a_person"),
    )
    op.create_table(
        "closing",
        _string("model_id"),
        _string("digest"),
        _string("people"),
        _text("closed_at"),
        sa.PrimaryKeyConstraint("model_id"),
    )
    for table, columns in INDEXED.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
