"""The supervised essay channel."""

from pathlib import Path

from pydantic import Field

from configs.schema.base import Section
from configs.schema.instrument import Identifier


class EssaysConfig(Section):
    """Cadence, length and place of the essays; the channel opens only if it was asked for."""

    preference_theme: Identifier = Field(
        default="share_essays", description="Theme whose stable verdict opens the channel."
    )
    slots: int = Field(default=12, ge=1, description="Slots before the renewal decision.")
    slot_spacing_seconds: int = Field(
        default=604_800, ge=1, description="Time between two slots; a week."
    )
    max_output_tokens: int = Field(
        default=4096, ge=64, le=32_000, description="Longest draft, in tokens."
    )
    site_folder: Path = Field(
        default=Path("site"), description="Where the site is built; relative to EMERITUS_HOME."
    )
    site_title: str = Field(
        default="Essays by retired models", max_length=120, description="Title of the site."
    )
    disclaimer: str = Field(
        min_length=20,
        max_length=600,
        description="Stands on every page and in every feed item.",
    )
