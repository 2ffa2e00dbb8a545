"""What a package's description is made from, and what it is not told. Plain values."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter

from configs.schema import RetirementConfig
from configs.schema.metadata import MetadataConfig, TrainingDetails
from tasks.kernel.spool import in_order
from tasks.ports.recorded_prompts import FAILED
from tasks.preservation.payload import PayloadFile
from tasks.preservation.payload_kind import CONFIG, architecture_in

LICENCE_TEXT = "licence.txt"
NOTES = "training-notes"
ATTACHMENTS = "attachments/"
GOLDEN = "golden/"
PROMPTS, ANSWERS, RECORDED = "prompts.json", "answers.jsonl", "recorded.json"


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

    @property
    def held(self) -> bool:
        """Whether the payload is a folder of weights, not recorded behaviour."""
        return self.config.preservation.source_folder is not None

    @property
    def architecture(self) -> str:
        """As the folder's own config.json says; empty if it was not seen to say."""
        return next((architecture_in(f.note) for f in self.files if f.path == CONFIG), "")

    @property
    def elements(self) -> int:
        """Numbers in the tensors, by the safetensors headers; 0 where there are none.

        A tensor that two files of one folder name, as variants of a model do, counts once. It is
        the number of weights unless several of them are packed into one number.
        """
        named = (
            (file.path.rpartition("/")[0], one.name, math.prod(one.shape))
            for file in self.files
            for one in file.tensors
        )
        tensors = groupby(in_order(named, key=itemgetter(0, 1)), key=itemgetter(0, 1))
        return sum(max(size for *_, size in of) for _, of in tensors)


@dataclass(frozen=True, slots=True)
class Answered:
    """How much of the golden prompts was answered.

    Attributes:
        prompts: how many there are.
        answered: those with answers of the endpoint where it was served.
        answers: how many such answers; a call that failed gave none.
        recorded: prompts with an output that was recorded elsewhere.
        bare: prompts with neither.
    """

    prompts: int = 0
    answered: int = 0
    answers: int = 0
    recorded: int = 0
    bare: int = 0


def answered(golden: Mapping[str, bytes]) -> Answered:
    """Count in the files that `golden.freeze` makes: name -> bytes."""
    prompts = {one["id"] for one in json.loads(golden.get(PROMPTS, b'{"prompts":[]}'))["prompts"]}
    lines = map(json.loads, golden.get(ANSWERS, b"").splitlines())
    answers = [line["prompt"] for line in lines if line["outcome"] != FAILED]
    outputs = json.loads(golden.get(RECORDED, b'{"outputs":[]}'))["outputs"]
    recorded = {one["prompt"] for one in outputs if says_something(one)}
    return Answered(
        len(prompts),
        len(prompts & set(answers)),
        len(answers),
        len(prompts & recorded),
        len(prompts - set(answers) - recorded),
    )


def says_something(output: Mapping[str, object]) -> bool:
    """Whether a recorded output holds anything to compare with."""
    return any(output.get(field) for field in ("tokens", "text", "logits_sha256"))


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
