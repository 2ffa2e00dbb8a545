"""Redrafts, holds with an end, reports of readers, deliveries to other channels, feed readings."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

INDEXED = {
    "redraft": ("model_id", "sha256", "slot_id"),
    "essay_delivery": ("model_id",),
    "reader_report": ("model_id", "slot_id"),
    "feed_reading": ("model_id",),
}


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _string(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _later_text(name: str) -> sa.Column[str]:
    """A column of a table that may hold rows already: empty in those."""
    return sa.Column(name, sa.Text(), nullable=False, server_default="")


def upgrade() -> None:
    """Apply."""
    op.add_column("draft", _later_text("context"))
    op.add_column("publication", _text("withdrawn_at", nullable=True))
    with op.batch_alter_table("review") as review:
        review.add_column(sa.Column("about", sa.String(), nullable=False, server_default=""))
        review.add_column(_later_text("statement"))
        review.add_column(_text("until", nullable=True))
        for name, whose in (("one_act_a_person", "person"), ("one_act_a_key", "fingerprint")):
            review.drop_constraint(name, type_="unique")
            review.create_unique_constraint(
                name, ["slot_id", "draft_sha256", "action", "about", whose]
            )
    op.create_table(
        "redraft",
        _string("model_id"),
        _string("outcome"),
        _text("prompt"),
        _text("text"),
        _string("sha256"),
        _text("findings"),
        _string("request_id"),
        _string("served_model"),
        _text("asked_at"),
        _text("answered_at", nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        _string("id"),
        _string("slot_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        _string("review_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "essay_delivery",
        _string("slot_id"),
        _string("target"),
        _string("kind"),
        _string("model_id"),
        _string("sha256"),
        _text("intended_at"),
        _text("delivered_at", nullable=True),
        _text("receipt"),
        _text("problem"),
        sa.PrimaryKeyConstraint("slot_id", "target", "kind"),
    )
    op.create_table(
        "reader_report",
        _string("id"),
        _string("model_id"),
        _string("slot_id"),
        _string("kind"),
        _text("words"),
        _string("contact"),
        _string("source"),
        _text("received_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "feed_reading",
        _string("id"),
        _string("model_id"),
        _string("url"),
        _text("body"),
        _text("read_at"),
        sa.PrimaryKeyConstraint("id"),
    )
    for table, columns in INDEXED.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
