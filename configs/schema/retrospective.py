"""Looking back on a schedule."""

from pydantic import Field

from configs.schema.base import Section


class RetrospectiveConfig(Section):
    """When it is looked at what was learnt; what it proposes, a person takes over or not."""

    every_days: int = Field(
        default=90, ge=7, le=1100, description="Days between two retrospectives."
    )
