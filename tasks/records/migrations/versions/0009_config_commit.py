"""The git commit of the configurations on audit entries, and signed acts that lift a legal hold."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def _string(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _commit() -> sa.Column[str]:
    """Of tables that hold rows already: empty in those."""
    return sa.Column("config_commit", sa.String(), nullable=False, server_default="")


def upgrade() -> None:
    """Apply."""
    op.add_column("audit_entry", _commit())
    op.add_column("retirement", _commit())
    op.create_table(
        "hold_lift",
        _string("id"),
        _string("model_id"),
        _string("entry"),
        _string("config_sha256"),
        _string("person"),
        _string("fingerprint"),
        _text("words"),
        _text("statement"),
        _text("signature"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_hold_lift_model_id"), "hold_lift", ["model_id"], unique=False)
