"""What an organization's own report tells of its models, by day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One day of one model, and of one key or workspace where they are told apart.

    Attributes:
        day: UTC.
        model: empty for what belongs to no model.
        group: id of the key or workspace; empty for none.
        calls: requests; None where the report counts none.
        tokens_in: tokens read, those of caches included; None in a report of costs.
        tokens_out: tokens written; None likewise.
        cost_usd: None in a report of usage.
    """

    day: date
    model: str
    group: str
    calls: int | None
    tokens_in: int | None
    tokens_out: int | None
    cost_usd: float | None


@dataclass(frozen=True, slots=True)
class Reported:
    """A whole report.

    Attributes:
        first, last: UTC days that were asked for, both included.
        refreshed_at: until when the report knows what was used; None where it doesn't say.
        rows: by day and model; a day without any row had no use.
        sha256: of what was answered.
        simulated: whether the answers say that they are of a simulation.
    """

    first: date
    last: date
    refreshed_at: datetime | None
    rows: tuple[ReportRow, ...]
    sha256: str
    simulated: bool


class OrganizationReport(Protocol):
    """Asks for a report. Reads only."""

    def read(self, first: date, last: date) -> Reported:
        """The report of some days, all pages of it.

        Raises:
            EndpointBusy: it can't answer now; another try may do.
            EndpointFault: it refuses, or answers what is no report.
        """
        ...
