"""Researchers' applications for access."""

from pydantic import Field

from configs.schema.base import Section


class ApplicationsConfig(Section):
    """Who may apply, by which criteria, and how soon they have an answer."""

    answer_within_days: int = Field(
        default=14, ge=1, description="Days from receipt to an answer; `status` shows the clock."
    )
