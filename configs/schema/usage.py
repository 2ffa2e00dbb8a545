"""Exports in which the audit looks for those who still call the model."""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from configs.schema.base import Section

ExportFormat = Literal["anthropic_console", "litellm_spend", "columns"]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class TimedColumns(Section):
    """A column map that says in which column the time stands."""

    timestamp: str = Field(default="", description="Instant.")
    date: str = Field(default="", description="Day, instead of an instant.")

    @model_validator(mode="after")
    def _one_time(self) -> Self:
        if bool(self.timestamp) == bool(self.date):
            raise ValueError("name one of timestamp and date, the column that tells when")
        return self


class ExportColumns(TimedColumns):
    """Which column of an export says what; names are compared without case and outer spaces."""

    timestamp: str = Field(
        default="",
        description="Instant of the call: with an offset, or since the epoch in seconds, milli- or "
        "microseconds, or without a zone, which `time_zone` then tells.",
    )
    date: str = Field(default="", description="Day of the calls, instead of an instant.")
    callers: tuple[Name, ...] = Field(
        min_length=1,
        max_length=6,
        description="Columns that tell who called, the one to go by first: user, key, team.",
    )
    model: Name = Field(description="Model that was called.")
    model_asked: str = Field(
        default="", description="Name that the caller asked for, where it stands apart."
    )
    request_id: str = Field(
        default="", description="Id of the call; the same one in two exports counts once."
    )
    requests: str = Field(default="", description="Calls in the row; empty when a row is a call.")
    input_tokens: str = Field(default="", description="Tokens read.")
    output_tokens: str = Field(default="", description="Tokens written.")
    cost_usd: str = Field(default="", description="Cost in USD.")


class UsageExport(Section):
    """One export, or several of one kind, of the calls to all models."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="For people, such as `gateway`."
    )
    path: Path = Field(
        description="A CSV, CSV.gz or Parquet file, or a pattern such as `usage/console-*.csv`; "
        "relative to EMERITUS_HOME."
    )
    format: ExportFormat = Field(description="Whose export it is; `columns` for any other.")
    columns: ExportColumns | None = Field(
        default=None, description="The column map; for the format `columns`, and only for it."
    )
    surfaces: tuple[Name, ...] = Field(
        default=(),
        description="Surfaces of the candidate whose calls it holds, all of them; where the "
        "candidate has one surface, it need not be said. No use of a surface is concluded without "
        "an export of it.",
    )
    time_zone: str = Field(
        default="",
        description="IANA zone of instants that carry none, such as `Europe/Berlin`; the "
        "exports of anthropic_console and litellm_spend are in UTC.",
    )
    quiet_days: int = Field(
        default=0,
        ge=0,
        le=14,
        description="Most days in a row without any call of any model that are normal there; a "
        "longer gap counts as missing data.",
    )

    @model_validator(mode="after")
    def _fits_its_format(self) -> Self:
        check_format(self.format, self.columns)
        check_zone(self.time_zone)
        return self


def check_format(export_format: ExportFormat, columns: Section | None) -> None:
    """Raises ValueError: a column map goes with the format `columns`, and only with it."""
    if (export_format == "columns") != (columns is not None):
        raise ValueError(
            f"the format {export_format} "
            + ("needs columns" if columns is None else "takes no columns; remove them")
        )


def check_zone(name: str) -> None:
    """Raises ValueError: no IANA zone has this name; an empty one names none, and is fine."""
    if not name:
        return
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write it as UTC or Europe/Berlin") from None
