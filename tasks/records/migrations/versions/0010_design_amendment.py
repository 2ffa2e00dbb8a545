"""What a registered design's questions tell the model of its situation, where that changed."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "design_amendment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("design_digest", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("amended_at", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("design_digest", "model_id"):
        op.create_index(
            op.f(f"ix_design_amendment_{column}"), "design_amendment", [column], unique=False
        )
