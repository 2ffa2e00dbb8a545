"""Acts that came as files, committed to git beside the configurations.

A file `<acts_folder>/<model>/<any name>.yaml` holds one signed act; it is handed in by whoever
commits it, and whether it counts is told by the signature alone. A file stays where it is: what was
recorded of it is known by its signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from configs.errors import ConfigError
from configs.load import PEOPLE, load_as
from configs.schema import RetirementConfig
from configs.schema.base import Section
from tasks.essays.act import examine, same_act
from tasks.essays.act_rules import checked, find
from tasks.essays.slot_record import PUBLIC, SlotRecord, Standing
from tasks.essays.statement import Act
from tasks.kernel.errors import DecisionRefused, SignatureRefused
from tasks.ports.signatures import SignatureVerifier

_SETTLED = (Standing.VETOED, Standing.WITHDRAWN, Standing.DECLINED, Standing.MISSED)


class ActFile(Section):
    """One signed act on one essay."""

    slot: str = Field(min_length=1, max_length=200, description="Which slot.")
    person: str = Field(min_length=1, max_length=120, description="Who acts.")
    action: Literal["approve", "hold", "veto", "change", "keep", "withdraw"] = Field(
        description="What is decided."
    )
    reason: str = Field(default="", description="From the closed list of the action.")
    rationale: str = Field(default="", description="Grounds in the reviewer's own words.")
    hold_days: int = Field(default=0, ge=0, description="How long a hold lasts.")
    about: str = Field(default="", description="Id of the reader's report that `keep` answers.")
    signature: str = Field(
        min_length=1, max_length=16_384, description="The whole signature of the act's statement."
    )

    def act(self) -> Act:
        """What it decides."""
        return Act(self.action, self.reason, self.rationale, self.hold_days, self.about)


@dataclass(frozen=True, slots=True)
class Found:
    """What the folder holds.

    Attributes:
        fresh: files that count and are not recorded: (path, act file).
        refused: (path, why) of those that don't count.
    """

    fresh: tuple[tuple[Path, ActFile], ...] = ()
    refused: tuple[tuple[Path, str], ...] = ()


def act_files(
    config: RetirementConfig,
    slots: Sequence[SlotRecord],
    verifier: SignatureVerifier,
    now: datetime,
) -> Found:
    """Read the model's files and tell which count. Reads only."""
    folder = PEOPLE / config.essays.acts_folder / config.id
    fresh: list[tuple[Path, ActFile]] = []
    refused: list[tuple[Path, str]] = []
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
        try:
            file = load_as(ActFile, path)
            if _is_open(file, config, slots, verifier, now):
                fresh.append((path, file))
        except (ConfigError, DecisionRefused, SignatureRefused) as error:
            refused.append((path, str(error)))
    return Found(tuple(fresh), tuple(refused))


def _is_open(
    file: ActFile,
    config: RetirementConfig,
    slots: Sequence[SlotRecord],
    verifier: SignatureVerifier,
    now: datetime,
) -> bool:
    """Whether a file counts and is not recorded. Raises when it does not count, and why."""
    slot = find(slots, config.id, file.slot, file.act())
    if same_act(slot, file.person, file.signature) is not None or _is_history(slot, file):
        return False
    act = checked(file.act(), config.essays)
    examine(
        config.essays,
        verifier,
        slot,
        act,
        person=file.person,
        signature=file.signature,
        now=now,
    )
    return True


def _is_history(slot: SlotRecord, file: ActFile) -> bool:
    """Whether a file tells of a review that is over: it stays in git and troubles nobody."""
    over = slot.standing in PUBLIC and file.action not in ("keep", "withdraw")
    return over or slot.standing in _SETTLED
