"""One retirement: the model, the configuration in force, and how each stage stood last."""

from datetime import datetime
from typing import ClassVar

from pydantic import ValidationError
from sqlmodel import Field

from configs.errors import ConfigError
from configs.schema import RetirementConfig
from tasks.records.columns import Row, instant_field, text_field


class Retirement(Row, table=True):
    """A model under retirement.

    `config_commit` is the git commit with which the configuration came into force; empty where no
    git tells. A later commit that leaves this model's YAML as it is changes nothing here.
    """

    __tablename__ = "retirement"
    added_later: ClassVar[tuple[str, ...]] = ("config_commit",)

    model_id: str = Field(primary_key=True)
    display_name: str
    config_json: str = text_field()
    config_sha256: str
    opened_at: datetime = instant_field()
    config_commit: str = ""


class StageStatus(Row, table=True):
    """How a stage stood when a pass last looked; written only when it changes."""

    __tablename__ = "stage_status"

    model_id: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    state: str
    reason: str = text_field()
    until: datetime | None = instant_field(default=None)
    since: datetime = instant_field()
    failed: bool = False  # the last try at what was due failed; the reason says how


def config_of(row: Retirement) -> RetirementConfig:
    """The configuration in force.

    Raises:
        ConfigError: it was accepted by another version, or before a folder became another.
    """
    try:
        return RetirementConfig.model_validate_json(row.config_json)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "(document)"
        raise ConfigError(
            f"{row.model_id}: {where}: the configuration in force was accepted once and is refused "
            f"now ({first['msg']}): Emeritus, or this machine, is another since; mend the YAML and "
            "run a pass"
        ) from None
