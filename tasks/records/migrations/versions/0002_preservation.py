"""Packages in several forms, what happened to them, golden answers, and unfinished packages."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def _text(name: str, *, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _string(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def upgrade() -> None:
    """Apply."""
    for table, names in (
        ("package", ("bag", "sizes", "signature", "public_key")),
        ("replica", ("edition_id", "bag", "fetch")),
    ):
        for name in names:
            op.add_column(table, _text(name, default=""))
    op.add_column("replica", _text("sampled_at", nullable=True))
    op.create_table(
        "edition",
        _string("id"),
        _string("package_id"),
        _string("model_id"),
        _string("form"),
        _text("recipients"),
        _text("manifest"),
        _text("tags"),
        _text("made_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "piece",
        _string("edition_id"),
        _string("path"),
        _string("blake3"),
        _string("sha256"),
        _integer("bytes"),
        _string("origin_bag"),
        _string("origin_path"),
        sa.PrimaryKeyConstraint("edition_id", "path"),
    )
    op.create_table(
        "preservation_event",
        _string("id"),
        _string("model_id"),
        _string("package_id"),
        _string("replica"),
        _string("kind"),
        _string("outcome"),
        _text("detail"),
        _string("agent"),
        _text("at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "golden_answer",
        _string("id"),
        _string("model_id"),
        _string("prompts_sha256"),
        _string("prompt"),
        _integer("sample"),
        _string("outcome"),
        _text("text"),
        _string("request_id"),
        _string("served_model"),
        _string("stop_reason"),
        _integer("input_tokens"),
        _integer("output_tokens"),
        _text("raw"),
        _string("raw_sha256"),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        _integer("tries"),
        _text("asked_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "unfinished_package",
        _string("model_id"),
        _string("bag"),
        _text("terms"),
        _text("sealed"),
        _text("started_at"),
        sa.PrimaryKeyConstraint("model_id"),
    )
    op.create_table(
        "journal_entry",
        _string("model_id"),
        _string("path"),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        _text("body"),
        sa.PrimaryKeyConstraint("model_id", "path", "number"),
    )
    for table, column in (
        ("edition", "package_id"),
        ("edition", "model_id"),
        ("piece", "blake3"),
        ("preservation_event", "model_id"),
        ("preservation_event", "package_id"),
        ("golden_answer", "model_id"),
        ("golden_answer", "prompts_sha256"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
