"""What a package's description is made from, and what it is not told. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from configs.schema import RetirementConfig
from configs.schema.metadata import MetadataConfig, TrainingDetails
from tasks.preservation.payload import PayloadFile

LICENCE_TEXT = "licence.txt"
NOTES = "training-notes"
ATTACHMENTS = "attachments/"
GOLDEN = "golden/"


@dataclass(frozen=True, slots=True)
class Described:
    """A package, as far as its description tells of it.

    Attributes:
        config: the model's configuration.
        files: the payload in plain.
        golden: files about the golden prompts: name -> bytes.
        texts: copies of the files that the configuration names: path under metadata/ -> bytes.
        bag: the bag's name.
        made_on: day of packaging (UTC).
        package_id: see `packaging.package_id`.
        simulated: whether a simulation made what is kept.
        version: Emeritus' own.
    """

    config: RetirementConfig
    files: tuple[PayloadFile, ...]
    golden: Mapping[str, bytes]
    texts: Mapping[str, bytes]
    bag: str
    made_on: date
    package_id: str
    simulated: bool
    version: str

    @property
    def metadata(self) -> MetadataConfig:
        """What the configuration tells of the model."""
        return self.config.preservation.metadata

    @property
    def notes(self) -> str:
        """Path of the training notes under metadata/; empty if there are none."""
        return next((path for path in sorted(self.texts) if path.startswith(f"{NOTES}.")), "")

    @property
    def attachments(self) -> tuple[str, ...]:
        """Paths of the attachments under metadata/, sorted."""
        return tuple(path for path in sorted(self.texts) if path.startswith(ATTACHMENTS))


def golden_path(name: str) -> str:
    """Where a file about the golden prompts stands under metadata/."""
    return GOLDEN + name.removeprefix(GOLDEN)


def told(values: tuple[str, ...]) -> tuple[str, ...]:
    """The sentences among them that say something."""
    return tuple(value for value in values if value.strip())


def told_of_training(details: TrainingDetails) -> dict[str, str | int]:
    """The training details that are told: field -> value."""
    values = details.model_dump()
    return {name: value for name, value in values.items() if _says(value)}


def _says(value: str | int) -> bool:
    return bool(value.strip()) if isinstance(value, str) else value != 0
