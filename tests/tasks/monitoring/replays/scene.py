"""A preserved model with frozen golden answers, and a respondent that answers from a language."""

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from configs.load import load_golden_prompts
from configs.schema import RetirementConfig
from tasks.kernel.digests import stable_id
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.preservation import GoldenAnswer, Package, Replica
from tests.fakes.configs import retirement

NAMES = ("add", "haiku", "sort")
FROZEN_AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_HERS = "blue door quiet river stone lamp window paper silver field north bread"
_THEIRS = "certainly delve tapestry vibrant journey indeed furthermore robust leverage"
WORDS, OTHERS = _HERS.split(" "), _THEIRS.split(" ")


def config_of(home: Path, **same_model: Any) -> RetirementConfig:
    """A configuration with golden prompts and a same-model test; the prompts' file is written."""
    path = home / "golden" / "aster-1.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    told = "".join(f"  - id: {name}\n    text: Please do {name}.\n" for name in NAMES)
    path.write_text(f"prompts:\n{told}")
    asked = {"prompts_file": "golden/aster-1.yaml", "samples": 20}
    # so strict that chance alone fails no test here
    settings = {"samples": 20, "permutations": 1999, "weekly_alpha": 0.001, **same_model}
    return retirement(
        endpoint={"concurrency": 2},
        preservation={"golden_prompts": asked},
        monitoring={"same_model": settings},
    )


def freeze(
    config: RetirementConfig, book: Book, fence: Fence, *, samples: int = 20, package: bool = True
) -> None:
    """Golden answers as preservation would have recorded them, and a package that holds them."""
    assert config.preservation.golden_prompts is not None
    _, digest = load_golden_prompts(config.preservation.golden_prompts)
    rng = random.Random(1)
    with book.writing(FROZEN_AT, fence=fence) as writing:
        for name in NAMES:
            for sample in range(samples):
                row = GoldenAnswer(
                    id=stable_id("aster-1", digest, name, sample),
                    model_id="aster-1",
                    prompts_sha256=digest,
                    prompt=name,
                    sample=sample,
                    outcome="answered",
                    text=words(rng),
                    served_model="aster-1",
                    stop_reason="end_turn",
                    asked_at=FROZEN_AT,
                )
                writing.put(row, "preservation.golden_answer")
        if package:
            kept = Package(
                id="f" * 64,
                model_id="aster-1",
                manifest="",
                files=1,
                bytes=1,
                source_folder="golden prompts",
                created_at=FROZEN_AT,
            )
            writing.put(kept, "test.package")
            replica = Replica(
                package_id="f" * 64,
                name="a",
                model_id="aster-1",
                location="/a",
                state="verified",
                stamp="",
                verified_at=FROZEN_AT,
            )
            writing.put(replica, "test.replica")


def words(rng: random.Random, among: list[str] = WORDS) -> str:
    """A made-up answer."""
    return " ".join(rng.choices(among, k=rng.randint(8, 16))).capitalize() + "."


class Speaker:
    """A respondent's reply; `other` is the share of answers that another model gives."""

    def __init__(self, other: float = 0.0, seed: int = 11) -> None:
        self.rng, self.other = random.Random(seed), other

    def __call__(self, question: Question) -> Answer:
        among = OTHERS if self.rng.random() < self.other else WORDS
        text = words(self.rng, among)
        return Answer("answered", text, "req_1", "aster-1", "end_turn", 10, 5, '{"raw": 1}', True)
