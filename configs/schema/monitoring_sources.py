"""Sources of figures: what is read of usage, surveys, tickets, incidents, and an organization."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section
from configs.schema.bucket import BucketConfig
from configs.schema.secret import HOW, SecretReference
from configs.schema.usage import ExportFormat, Name, TimedColumns, check_format, check_zone

SourceKind = Literal["usage", "survey", "tickets", "incidents", "anthropic_admin"]


class UsageSourceColumns(TimedColumns):
    """Which column says what; names are compared without case and outer spaces."""

    timestamp: str = Field(
        default="",
        description="Instant of the call: with an offset, or since the epoch in seconds, milli- or "
        "microseconds, or without a zone, which `time_zone` then tells.",
    )
    date: str = Field(default="", description="Day of the calls (UTC), instead of an instant.")
    callers: tuple[Name, ...] = Field(
        default=(),
        max_length=6,
        description="Columns that tell who called, the one to go by first: user, key, team; none "
        "if owners are not told apart.",
    )
    model: str = Field(
        default="", description="Model that was called; empty if all rows are the model's."
    )
    model_asked: str = Field(
        default="", description="Name that the caller asked for, where it stands apart."
    )
    request_id: str = Field(
        default="", description="Id of the call; the same one in two files counts once."
    )
    requests: str = Field(default="", description="Calls in the row; empty when a row is a call.")
    input_tokens: str = Field(default="", description="Tokens read.")
    output_tokens: str = Field(default="", description="Tokens written.")
    cost_usd: str = Field(default="", description="Cost in USD.")
    refused: str = Field(
        default="",
        description="Whether the model refused: true or false, 1 or 0; in a row of several calls "
        "their number; or any text, which `refused_values` then explains.",
    )
    unsafe: str = Field(default="", description="Whether the answer was flagged as unsafe.")
    surface: str = Field(default="", description="Where it was called from: API, app, a cloud.")
    refused_values: tuple[Name, ...] = Field(
        default=(),
        description="Values that mean refused, such as `refusal`; any other, if one stands there, "
        "means not refused.",
    )
    unsafe_values: tuple[Name, ...] = Field(
        default=(), description="Likewise for `unsafe`, such as `flagged`."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for values, column, name in (
            (self.refused_values, self.refused, "refused"),
            (self.unsafe_values, self.unsafe, "unsafe"),
        ):
            if values and not column:
                raise ValueError(f"{name}_values explains the column {name}; name it too")
        return self


class SurveyColumns(TimedColumns):
    """Which column of a survey says what."""

    timestamp: str = Field(default="", description="Instant of the answer.")
    date: str = Field(default="", description="Day of the answer (UTC), instead of an instant.")
    score: Name = Field(default="score", description="The score, a number on the scale.")
    owner: str = Field(default="", description="Who answered: a user, team or owner.")
    model: str = Field(default="", description="Model that is judged; empty if all are the model.")


class TicketColumns(TimedColumns):
    """Which column of a list of tickets says what."""

    timestamp: str = Field(default="", description="Instant at which it was opened.")
    date: str = Field(default="", description="Day of the tickets (UTC), instead of an instant.")
    count: str = Field(default="", description="Tickets in the row; empty when a row is a ticket.")
    ticket_id: str = Field(default="", description="Its id; the same one twice counts once.")
    kind: str = Field(default="", description="What it is about.")
    model: str = Field(default="", description="Model that it is about; empty if all are.")


class IncidentColumns(TimedColumns):
    """Which column of a list of incidents says what."""

    timestamp: str = Field(default="", description="Instant at which it began.")
    date: str = Field(default="", description="Its day (UTC), instead of an instant.")
    incident_id: str = Field(default="", description="Its id; the same one twice counts once.")
    kind: str = Field(default="", description="What happened.")
    severity: str = Field(default="", description="How bad it was.")
    model: str = Field(default="", description="Model that it is about; empty if all are.")


class SourceBase(Section):
    """What every source is told by."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="For people, such as `gateway`."
    )
    expected_every_days: int = Field(
        default=1, ge=1, le=92, description="How often something new is expected in it."
    )
    late_after_days: int = Field(
        default=1,
        ge=0,
        le=92,
        description="Days beyond that until it is said to be late.",
    )

    @property
    def patience_days(self) -> int:
        """Days after its last covered day at which it is late."""
        return self.expected_every_days + self.late_after_days


class FileSource(SourceBase):
    """A source in files: here, or in a bucket."""

    path: Path | None = Field(
        default=None,
        description="A CSV, CSV.gz or Parquet file, a folder of them, or a pattern such as "
        "`usage/*.parquet`; relative to EMERITUS_HOME.",
    )
    bucket: BucketConfig | None = Field(
        default=None, description="The bucket that holds the files, instead of a path here."
    )
    pattern: str = Field(
        default="*",
        min_length=1,
        max_length=300,
        description="Which objects below the bucket's prefix are read: `*` and `?` stay within a "
        "folder, `**` goes through folders.",
    )
    most_megabytes: int = Field(
        default=4096,
        ge=1,
        le=1_000_000,
        description="Most that is fetched of a bucket into a temporary folder, in MB of 10^6 "
        "bytes; it is removed after.",
    )
    look_every_hours: int = Field(
        default=12, ge=1, le=744, description="How often a bucket is asked for what it holds."
    )
    time_zone: str = Field(
        default="",
        description="IANA zone of instants that carry none, such as `Europe/Berlin`.",
    )
    simulated: bool = Field(
        default=False, description="True for made-up figures: they are labelled SIMULATED."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.path is None) == (self.bucket is None):
            raise ValueError("name exactly one of path and bucket")
        check_zone(self.time_zone)
        return self


class UsageSource(FileSource):
    """Calls of models: how many, at what cost, how many refused or unsafe."""

    kind: Literal["usage"]
    format: ExportFormat = Field(
        default="columns", description="Whose export it is; `columns` for any other."
    )
    columns: UsageSourceColumns | None = Field(
        default=None, description="The column map; for the format `columns`, and only for it."
    )
    quiet_days: int = Field(
        default=0,
        ge=0,
        le=31,
        description="Most days in a row without any row that are normal there, and count as days "
        "without calls; a longer gap is missing data.",
    )

    @model_validator(mode="after")
    def _fits_its_format(self) -> Self:
        check_format(self.format, self.columns)
        return self


class SurveySource(FileSource):
    """Answers to a satisfaction survey, one a row."""

    kind: Literal["survey"]
    columns: SurveyColumns = Field(description="The column map.")
    scale_lowest: float = Field(default=1.0, description="Worst score of the scale.")
    scale_highest: float = Field(
        default=5.0,
        description="Best score of the scale; below the worst where a low score is a good one.",
    )
    quiet_days: int = Field(
        default=7, ge=0, le=92, description="Most days in a row without an answer that are normal."
    )

    @model_validator(mode="after")
    def _a_scale(self) -> Self:
        if self.scale_lowest == self.scale_highest:
            raise ValueError("scale_lowest and scale_highest are the same; give the scale's ends")
        return self


class TicketSource(FileSource):
    """Support tickets: one a row, or their number by day."""

    kind: Literal["tickets"]
    columns: TicketColumns = Field(description="The column map.")
    quiet_days: int = Field(
        default=3, ge=0, le=92, description="Most days in a row without a ticket that are normal."
    )


class IncidentSource(FileSource):
    """Incidents as somebody else keeps them, one a row."""

    kind: Literal["incidents"]
    columns: IncidentColumns = Field(description="The column map.")
    severe_values: tuple[Name, ...] = Field(
        default=("high", "critical", "severe", "sev1", "p1"),
        description="Values of `severity` that mean a severe one; compared without case.",
    )
    quiet_days: int = Field(
        default=31,
        ge=0,
        le=366,
        description="Most days in a row without an incident that are normal.",
    )


class AnthropicAdminSource(SourceBase):
    """An organization's own report of usage or cost, asked of Anthropic's admin API."""

    kind: Literal["anthropic_admin"]
    report: Literal["usage", "cost"] = Field(
        description="`usage`: calls and tokens by day; `cost`: US dollars by day."
    )
    base_url: str = Field(
        default="https://api.anthropic.com",
        pattern=r"^https?://[^\s@]+$",
        description="Root of the API. Credentials never stand in it.",
    )
    api_key_env: SecretReference = Field(
        default="ANTHROPIC_ADMIN_KEY", min_length=1, description=f"The admin key. {HOW}"
    )
    owners_by: Literal["none", "api_key_id", "workspace_id"] = Field(
        default="none", description="By what owners are told apart, through their `callers`."
    )
    window_days: int = Field(
        default=92,
        ge=1,
        le=365,
        description="Days up to today that are asked for; the API gives no more than 365.",
    )
    look_every_hours: int = Field(default=12, ge=1, le=744, description="How often it is asked.")
    timeout_seconds: float = Field(
        default=60.0, gt=0, le=600, description="Longest wait for one answer."
    )
    attempts: int = Field(default=3, ge=1, le=10, description="Tries of one call.")


SourceConfig = Annotated[
    UsageSource | SurveySource | TicketSource | IncidentSource | AnthropicAdminSource,
    Field(discriminator="kind"),
]
FileSourceConfig = UsageSource | SurveySource | TicketSource | IncidentSource


def check_names(sources: tuple[SourceConfig, ...]) -> None:
    """Refuse two sources of one name.

    Raises:
        ValueError: naming it.
    """
    names = [source.name for source in sources]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two sources are named {twice[0]!r}; give each a name of its own")
