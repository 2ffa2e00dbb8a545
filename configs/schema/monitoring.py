"""What is watched."""

from pathlib import Path

from pydantic import Field

from configs.schema.base import Section


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
