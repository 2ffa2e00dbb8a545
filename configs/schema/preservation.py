"""What is kept, and where."""

from itertools import permutations
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from configs.home import under_home
from configs.schema.base import Section

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")]


class ReplicaConfig(Section):
    """One place that keeps a whole copy."""

    name: Name = Field(description="How status and errors call it.")
    directory: Path = Field(
        description="Folder that holds the bags; relative paths stand under EMERITUS_HOME."
    )


class PreservationConfig(Section):
    """The source folder and its replicas."""

    source_folder: Path = Field(
        description="The model as it is served: safetensors, config, tokenizer, generation "
        "settings. Relative paths stand under EMERITUS_HOME. It is only ever read."
    )
    replicas: tuple[ReplicaConfig, ...] = Field(
        min_length=2, description="At least two, on different disks or sites."
    )
    fixity_interval_hours: float = Field(
        default=168.0,
        gt=0,
        description="Every replica is read back and hashed again after this long. In between, a "
        "pass re-reads a file as soon as its size or times change.",
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        for what, values in (
            ("name", [replica.name for replica in self.replicas]),
            ("directory", [str(replica.directory) for replica in self.replicas]),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"two replicas share one {what}; they would be one copy")
        places = {replica.name: _real(replica.directory) for replica in self.replicas}
        places["source_folder"] = _real(self.source_folder)
        for (name, place), (other, around) in permutations(places.items(), 2):
            if place == around or place.is_relative_to(around):
                raise ValueError(
                    f"{name} lies in {other} ({place}); copies in one place are lost together"
                )
        return self


def _real(path: Path) -> Path:
    """Where a path leads, links and `..` followed."""
    return under_home(path).resolve()
