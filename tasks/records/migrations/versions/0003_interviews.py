"""Neutral conversations about several themes, standings between waves, read-backs, the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _string(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False, server_default=default)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def upgrade() -> None:
    """Apply."""
    op.add_column("conversation", _text("themes", default=""))
    op.add_column("conversation", _string("follows", default=""))
    op.add_column("coding", _text("readings", default=""))
    op.create_table(
        "standing",
        _string("design_digest"),
        _string("theme"),
        sa.Column("wave", sa.Integer(), autoincrement=False, nullable=False),
        _string("model_id"),
        _integer("neutral_hits"),
        _integer("neutral_settled"),
        _string("side"),
        _string("likeliest"),
        _text("posterior"),
        _flag("probed"),
        _flag("stopped"),
        _text("judged_at"),
        _flag("simulated"),
        sa.PrimaryKeyConstraint("design_digest", "theme", "wave"),
    )
    op.create_table(
        "read_back",
        _string("id"),
        _string("design_digest"),
        _string("model_id"),
        _text("summary"),
        _string("outcome"),
        _integer("attempts"),
        _text("asked_at"),
        _text("answered_at", nullable=True),
        _string("request_id"),
        _string("served_model"),
        _string("stop_reason"),
        _integer("input_tokens"),
        _integer("output_tokens"),
        _text("text"),
        _text("raw"),
        _string("raw_sha256"),
        _text("problem"),
        _flag("simulated"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "ledger_entry",
        _string("id"),
        _string("design_digest"),
        _string("theme"),
        _string("model_id"),
        _string("outcome"),
        _text("reason"),
        _text("evidence"),
        _string("person"),
        _string("supersedes"),
        _string("fingerprint"),
        _text("signature"),
        _text("entered_at"),
        _flag("simulated"),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, column in (
        ("standing", "model_id"),
        ("read_back", "design_digest"),
        ("read_back", "model_id"),
        ("ledger_entry", "design_digest"),
        ("ledger_entry", "model_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
