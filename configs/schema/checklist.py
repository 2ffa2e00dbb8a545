"""The retirement checklist: lines of one's own, and how many sign the closing."""

from typing import Self

from pydantic import Field, model_validator

from configs.schema.base import Section


class ChecklistLine(Section):
    """A line of one's own, which a person confirms with evidence."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,39}$", description="Its name in commands.")
    title: str = Field(min_length=8, max_length=200, description="What is so once it is done.")
    help: str = Field(
        default="", max_length=500, description="Where to look, and what counts as evidence."
    )


class ChecklistConfig(Section):
    """What has to be done before a retirement is closed, beside what always has to be."""

    lines: tuple[ChecklistLine, ...] = Field(
        default=(), max_length=60, description="Further lines, after those that every model has."
    )
    signatures_needed: int = Field(
        default=2, ge=2, le=9, description="Different people who sign the closing."
    )

    @model_validator(mode="after")
    def _ids_once(self) -> Self:
        ids = [line.id for line in self.lines]
        if twice := [one for one in ids if ids.count(one) > 1]:
            raise ValueError(f"the line {twice[0]!r} stands twice; give each an id of its own")
        return self
