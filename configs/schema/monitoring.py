"""What is watched."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from configs.schema.alarms import AlarmsConfig
from configs.schema.base import Section
from configs.schema.checklist import ChecklistConfig
from configs.schema.monitoring_sources import SourceConfig, check_names
from configs.schema.replays import SameModelConfig, SuccessorConfig
from configs.schema.retrospective import RetrospectiveConfig
from configs.schema.usage import UsageExport


class UsageColumns(Section):
    """Which column of the usage log says what."""

    timestamp: str = Field(default="timestamp", description="Instant of the call, with offset.")
    user: str = Field(default="user_id", description="Who called.")
    model: str = Field(default="model", description="Model that was called.")
    cost_usd: str = Field(default="cost_usd", description="Cost of the call in USD.")
    refused: str = Field(default="refused", description="1 or true for a refused call.")


class MonitoringConfig(Section):
    """Usage log and reports."""

    usage_csv: Path = Field(
        description="Usage log; relative to EMERITUS_HOME. It is read again when it changes."
    )
    columns: UsageColumns = Field(default=UsageColumns(), description="Column names of the log.")
    model_names: tuple[str, ...] = Field(
        min_length=1, description="Names and aliases of the model in the log."
    )
    reports_folder: Path = Field(
        default=Path("reports"), description="Where reports and dossiers are written."
    )
    exports: tuple[UsageExport, ...] = Field(
        default=(), description="Exports in which the usage audit looks for who still calls."
    )
    audit_window_days: int = Field(
        default=90,
        ge=1,
        le=1100,
        description="Days before an audit that must be covered before no use is concluded; a job "
        "that runs each quarter is seen in 90.",
    )
    not_model_names: tuple[str, ...] = Field(
        default=(),
        description="Names near to the model's that were looked at and are other models.",
    )

    retrospective: RetrospectiveConfig = Field(
        default=RetrospectiveConfig(), description="When it is looked at what was learnt."
    )
    checklist: ChecklistConfig = Field(
        default=ChecklistConfig(), description="What has to be done before it is closed."
    )

    alarms: AlarmsConfig | None = Field(
        default=None, description="Alarms on daily figures; nothing is watched if left out."
    )

    same_model: SameModelConfig | None = Field(
        default=None,
        description="Weekly test whether the model still answers golden prompts as it did when it "
        "was frozen; none if left out.",
    )
    successor: SuccessorConfig | None = Field(
        default=None, description="Owners' prompts asked of the model and of its successor."
    )

    sources: tuple[SourceConfig, ...] = Field(
        default=(), description="Where figures of usage, satisfaction and safety are read."
    )

    @model_validator(mode="after")
    def _names_stand_once(self) -> Self:
        check_names(self.sources)
        names = [export.name for export in self.exports]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two exports are named {twice[0]!r}; give each a name of its own")
        if both := set(self.model_names) & set(self.not_model_names):
            raise ValueError(f"{min(both)!r} stands in model_names and in not_model_names")
        return self
