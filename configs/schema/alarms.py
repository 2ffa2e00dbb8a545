"""Which daily figures raise an alarm, and who is told."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.schema.base import Section

SignalName = Literal["unsafe", "refused", "satisfaction", "tickets", "cost"]


class AlarmsConfig(Section):
    """Alarms on the figures of `monitoring.sources`; each is told once and closed by a person."""

    contacts: tuple[Annotated[str, Field(pattern=r"^[^\s@,;<>]+@[^\s@,;<>]+$")], ...] = Field(
        default=(), description="Mail addresses of the team; each is told of an incident once."
    )
    webhooks: tuple[str, ...] = Field(
        default=(),
        description="Names from communication.channels.webhooks that are told too.",
    )
    signals: tuple[SignalName, ...] = Field(
        default=("unsafe", "refused", "satisfaction", "tickets", "cost"),
        description="What is watched, where a source tells it: unsafe, refused, tickets and cost "
        "for a rise, satisfaction for a fall.",
    )
    baseline_days: int = Field(
        default=90,
        ge=14,
        le=730,
        description="Days with figures from which the usual level is learnt; fewer make alarms "
        "slower, since chance must not be taken for change.",
    )
    watch_from: date | None = Field(
        default=None,
        description="First day of the watch, UTC; the baseline is the `baseline_days` before it. "
        "By default the watch begins after the first `baseline_days` that a source covers.",
    )
    factor: float = Field(
        default=2.0,
        ge=1.2,
        le=10,
        description="The rise that is to be found: 2 for a doubled rate.",
    )
    satisfaction_drop: float = Field(
        default=0.1,
        ge=0.02,
        le=0.5,
        description="The fall of the mean score, on 0..1, that is to be found.",
    )
    yearly_false_alarms: float = Field(
        default=0.05,
        ge=0.005,
        le=0.5,
        description="Share of years in which a signal that never changes raises an alarm all the "
        "same; it holds for each signal on its own.",
    )
    mix_by: Literal["owner", "surface", "name"] = Field(
        default="owner", description="By what a change of the traffic mix is looked for."
    )
    source_days: int = Field(
        default=3,
        ge=1,
        le=90,
        description="Days for which a source may stay late or unusable before it is an incident.",
    )
    prometheus_file: Path | None = Field(
        default=None,
        description="Figures for the textfile collector of node_exporter; relative to "
        "EMERITUS_HOME. By default emeritus.prom beside the model's reports.",
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        for field in ("contacts", "webhooks", "signals"):
            names = [str(name).casefold() for name in getattr(self, field)]
            if twice := [name for name in names if names.count(name) > 1]:
                raise ValueError(f"{field} has {twice[0]!r} twice; write it once")
        return self
