"""Grants to single holders and their keys, revocations, applications, usage audits."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

INDEXED = {
    "grant_key": ("model_id", "grant_id"),
    "revocation": ("model_id", "grant_id"),
    "gateway_check": ("model_id",),
    "withdrawal_act": ("model_id",),
    "application": ("model_id",),
    "application_event": ("model_id", "application_id"),
    "usage_audit": ("model_id",),
}


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _string(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _later(name: str) -> sa.Column[str]:
    """A column of a table that may hold rows already: empty in those."""
    return sa.Column(name, sa.String(), nullable=False, server_default="")


def _later_text(name: str) -> sa.Column[str]:
    """As `_later`, without a length limit."""
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def upgrade() -> None:
    """Apply."""
    op.add_column("grant", _later("holder"))
    op.add_column("grant", _later("application_id"))
    op.add_column("grant", _text("revoked_at", nullable=True))
    op.add_column("grant", _later("revocation_id"))
    op.add_column("notice", _later("channel"))
    op.add_column("notice", _later("body_sha256"))
    op.add_column("notice", _later_text("told"))
    op.add_column("notice", sa.Column("tries", sa.Integer(), nullable=True))
    op.add_column("notice", sa.Column("doubtful", sa.Integer(), nullable=True))
    op.add_column("notice", _text("tried_at", nullable=True))
    op.add_column("notice", _text("again_at", nullable=True))
    op.add_column("notice", _later("outcome"))
    op.add_column("notice", _later_text("said"))
    op.create_table(
        "grant_key",
        _string("id"),
        _string("model_id"),
        _string("grant_id"),
        _string("holder"),
        _string("token_id"),
        _string("gateway"),
        _string("issued_by"),
        _text("issued_at"),
        _text("revoked_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_id"),
    )
    op.create_table(
        "revocation",
        _string("id"),
        _string("model_id"),
        _string("grant_id"),
        _string("person"),
        _string("fingerprint"),
        _text("signature"),
        _string("reason"),
        _text("words"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "gateway_check",
        _string("id"),
        _string("model_id"),
        _string("gateway"),
        _string("basis"),
        _text("findings"),
        _text("checked_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "withdrawal_act",
        _string("id"),
        _string("model_id"),
        _string("action"),
        _string("person"),
        _string("fingerprint"),
        _text("signature"),
        _text("words"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "application",
        _string("id"),
        _string("model_id"),
        _string("applicant"),
        _string("contact"),
        _string("affiliation"),
        sa.Column("affiliation_public", sa.Boolean(), nullable=False),
        _text("purpose"),
        _text("data_handling"),
        sa.Column("study_days", sa.Integer(), nullable=False),
        _string("renews"),
        _string("source"),
        _string("entered_by"),
        _text("terms"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        _text("received_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "application_event",
        _string("id"),
        _string("model_id"),
        _string("application_id"),
        _string("kind"),
        _string("person"),
        _string("fingerprint"),
        _text("signature"),
        _string("packet_digest"),
        _string("reasons"),
        _text("words"),
        _text("receipt"),
        _text("at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "usage_audit",
        _string("id"),
        _string("model_id"),
        _text("sources"),
        _string("basis"),
        _text("body"),
        _string("location"),
        _text("made_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, columns in INDEXED.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
