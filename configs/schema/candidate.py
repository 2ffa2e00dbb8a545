"""Who is retired, when, and who has to know."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section

RiskClass = Literal["minimal", "low", "moderate", "high", "critical"]


class Surface(Section):
    """One place where people reach the model."""

    name: str = Field(
        min_length=1, max_length=60, description="Such as `api`, `app`, or a cloud's name."
    )
    retires_on: date = Field(description="Last day of service there (UTC).")


class Owner(Section):
    """A person or team that uses the model and must be told."""

    name: str = Field(min_length=1, max_length=120, description="As written in notices.")
    contact: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")] = Field(
        description="Address that notices go to."
    )
    callers: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = Field(
        default=(),
        description="Users, keys, teams or workspaces of theirs as usage exports write them; "
        "`search-*` stands for all that begin so. Compared without case.",
    )

    @model_validator(mode="after")
    def _patterns_are_prefixes(self) -> Self:
        for caller in self.callers:
            if "*" in caller.rstrip("*") or caller.endswith("**") or caller.strip(" *") == "":
                raise ValueError(
                    f"the caller {caller!r} can't be used; write a whole name, or the beginning of "
                    "names with one * at the end"
                )
        return self


class CandidateConfig(Section):
    """Dates, successor, owners and holds of one retirement."""

    announced_on: date = Field(description="Day on which users were, or will be, told.")
    surfaces: tuple[Surface, ...] = Field(min_length=1, description="Dates per surface.")
    notice_floor_days: int = Field(
        default=60,
        ge=0,
        description="Shortest time between the announcement and the first surface's last day.",
    )
    successor: str = Field(
        default="", max_length=200, description="Model that users are pointed to; empty for none."
    )
    owners: tuple[Owner, ...] = Field(min_length=1, description="Who must be told.")
    risk_class: RiskClass = Field(description="Risk of keeping the model open, as assessed.")
    legal_hold: bool = Field(
        default=False, description="True forbids withdrawing or deleting anything."
    )
    lifecycle_check_hours: int = Field(
        default=24,
        ge=1,
        description="How often the endpoint is asked for the dates that it announces itself.",
    )

    @property
    def first_retires_on(self) -> date:
        """The earliest last day over all surfaces."""
        return min(surface.retires_on for surface in self.surfaces)

    @model_validator(mode="after")
    def _callers_are_of_one_owner(self) -> Self:
        said = [(one.casefold(), one, o.name) for o in self.owners for one in o.callers]
        for index, (key, caller, owner) in enumerate(said):
            for other_key, other, other_owner in said[index + 1 :]:
                if owner != other_owner and _overlap(key, other_key):
                    raise ValueError(
                        f"the callers {caller!r} of {owner} and {other!r} of {other_owner} can be "
                        "the same one; give each caller to one owner"
                    )
        return self

    @model_validator(mode="after")
    def _floor_is_kept(self) -> Self:
        names = [surface.name for surface in self.surfaces]
        if len(set(names)) < len(names):
            raise ValueError("a surface stands twice; give each one date")
        notice = (self.first_retires_on - self.announced_on).days
        if notice < self.notice_floor_days:
            raise ValueError(
                f"{notice} days between announced_on and the first retires_on are fewer than "
                f"notice_floor_days ({self.notice_floor_days}); move retires_on to a later day"
            )
        return self


def _overlap(one: str, other: str) -> bool:
    """Whether a name can fit both; `*` at the end stands for anything."""
    begin, start = one.rstrip("*"), other.rstrip("*")
    if one.endswith("*") and other.endswith("*"):
        return begin.startswith(start) or start.startswith(begin)
    if one.endswith("*"):
        return other.startswith(begin)
    return one.startswith(start) if other.endswith("*") else one == other
