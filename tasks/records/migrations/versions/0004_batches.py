"""Message batches, and the pauses that endpoints ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _string(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "message_batch",
        _string("id"),
        _string("design_digest"),
        _string("model_id"),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _string("base_url"),
        _string("state"),
        _string("batch_id"),
        _text("conversations"),
        _text("intended_at"),
        _text("submitted_at", nullable=True),
        _text("expires_at", nullable=True),
        _text("looked_at", nullable=True),
        _text("ended_at", nullable=True),
        _text("collected_at", nullable=True),
        _text("results"),
        _text("problem"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "endpoint_pause",
        _string("model_id"),
        _string("base_url"),
        _text("until"),
        _text("said"),
        _text("asked_at"),
        sa.PrimaryKeyConstraint("model_id", "base_url"),
    )
    for column in ("design_digest", "model_id"):
        op.create_index(op.f(f"ix_message_batch_{column}"), "message_batch", [column], unique=False)
