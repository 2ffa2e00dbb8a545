"""What is kept, and where."""

from enum import StrEnum
from itertools import combinations, permutations
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from configs.home import under_home
from configs.schema.base import Section
from configs.schema.bucket import BucketConfig
from configs.schema.drill import DrillConfig
from configs.schema.golden import GoldenPromptsConfig
from configs.schema.metadata import MetadataConfig

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")]
Recipient = Annotated[str, Field(pattern=r"^age1[a-z0-9]{58}$")]


class Form(StrEnum):
    """How a replica holds the payload."""

    FILES = "files"  # as it was, in plain
    PIECES = "pieces"  # in plain, in pieces cut at tensors
    AGE = "age"  # in pieces, each encrypted


class S3Config(BucketConfig):
    """A bucket that keeps replicas, at any endpoint that speaks S3. Credentials come from the
    environment, as boto3 finds them; they never stand here.
    """

    write_role_arn: str = Field(
        default="", description="Role taken for writing; empty for the credentials found."
    )
    read_role_arn: str = Field(
        default="",
        description="Role taken for reading back, fixity and restore, which then can't write.",
    )
    kms_key_id: str = Field(default="", description="KMS key for SSE-KMS; empty for none.")
    object_lock_mode: Literal["off", "governance", "compliance"] = Field(
        default="off", description="Keep every object from deletion for `object_lock_days`."
    )
    object_lock_days: int = Field(default=0, ge=0, description="Days of Object Lock retention.")
    versioning: bool = Field(
        default=False, description="The bucket must keep versions; a pass is refused otherwise."
    )

    @model_validator(mode="after")
    def _lock(self) -> Self:
        if (self.object_lock_mode == "off") != (self.object_lock_days == 0):
            raise ValueError("object_lock_mode and object_lock_days go together; set both or none")
        return self


class ReplicaConfig(Section):
    """One place that keeps a whole copy: a directory, or a bucket."""

    name: Name = Field(description="How status and errors call it.")
    directory: Path | None = Field(
        default=None,
        description="Folder that holds the bags; relative paths stand under EMERITUS_HOME.",
    )
    s3: S3Config | None = Field(default=None, description="Bucket that holds the bags.")
    trusted_disk: bool = Field(
        default=False,
        description="True only for a place that may hold the model in plain. Anywhere else the "
        "payload and its description are encrypted for `recipients`.",
    )
    split_at_tensors: bool = Field(
        default=False,
        description="On a trusted disk: keep files in pieces cut at tensors, so that models which "
        "share tensors share the space. A server can't open the bag directly then; `emeritus "
        "restore`, or `cat`, makes the files again. Encrypted replicas always stand in pieces.",
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.directory is None) == (self.s3 is None):
            raise ValueError("name exactly one of directory and s3")
        return self

    @property
    def form(self) -> Form:
        """How this replica holds the payload."""
        if not self.trusted_disk:
            return Form.AGE
        return Form.PIECES if self.split_at_tensors else Form.FILES


class PreservationConfig(Section):
    """The source folder, its description, and its replicas."""

    source_folder: Path | None = Field(
        default=None,
        description="The model as it is served: safetensors, config, tokenizer, generation "
        "settings. Relative paths stand under EMERITUS_HOME. It is only ever read. Leave it out "
        "for a model that is reached by API only: its answers to golden_prompts are kept instead.",
    )
    replicas: tuple[ReplicaConfig, ...] = Field(
        min_length=2, description="At least two, on different disks or sites."
    )
    recipients: tuple[Recipient, ...] = Field(
        default=(),
        description="age public keys (`age1...`) of those who can decrypt; at least two where a "
        "replica is not on a trusted disk, so that one lost key loses no model.",
    )
    identity_file: Path | None = Field(
        default=None,
        description="age identity that may stand on this machine, for restore, drills, and repair "
        "of a plain replica from an encrypted one. Leave it out where the keys live elsewhere.",
    )
    signing_key_file: Path = Field(
        default=Path("keys/preservation.pem"),
        description="Private EC key (PEM) that signs packages. Made on first use where it is "
        "missing; relative paths stand under EMERITUS_HOME.",
    )
    opaque_files: tuple[str, ...] = Field(
        default=(),
        description="Patterns such as `*.safetensors` of files to keep as opaque bytes though "
        "they break their format's rules. Only after a person looked at why they do.",
    )
    metadata: MetadataConfig = Field(
        default_factory=MetadataConfig, description="What is told of the model in its package."
    )
    golden_prompts: GoldenPromptsConfig | None = Field(
        default=None,
        description="Prompts whose outputs are kept with the model, for drills and for the later "
        "same-model test.",
    )
    drill: DrillConfig | None = Field(
        default=None, description="How it is proven that the package runs; none if left out."
    )
    fixity_interval_hours: float = Field(
        default=168.0,
        gt=0,
        description="Every replica is read back and hashed again, whole, after this long. In "
        "between, a pass re-reads a replica as soon as a size or time in it changes.",
    )
    sampled_fixity_interval_hours: float = Field(
        default=0.0,
        ge=0,
        description="Between full checks, a random sample of each replica's files is read back "
        "after this long; 0 for none.",
    )
    sampled_fixity_fraction: float = Field(
        default=0.05, gt=0, le=1, description="Share of a replica's files in a sample."
    )

    @model_validator(mode="after")
    def _keepable(self) -> Self:
        if self.source_folder is None and self.golden_prompts is None:
            raise ValueError(
                "neither source_folder nor golden_prompts: nothing would be preserved; name the "
                "folder of weights, or for a model without one the prompts"
            )
        if self.drill is not None and self.golden_prompts is None:
            raise ValueError("a drill replays golden prompts; name them in golden_prompts")
        if self.drill is not None and self.source_folder is None and self.drill.runner == "numpy":
            raise ValueError("the drill's runner numpy runs weights, and no source_folder is named")
        if any(r.form is Form.AGE for r in self.replicas) and len(set(self.recipients)) < 2:
            names = ", ".join(r.name for r in self.replicas if r.form is Form.AGE)
            raise ValueError(
                f"replica {names} is encrypted, which takes two different recipients; add their "
                "age public keys to recipients (`age-keygen` makes one), or set trusted_disk on a "
                "place that may hold the model in plain"
            )
        return self

    @model_validator(mode="after")
    def _apart(self) -> Self:
        for what, values in (
            ("name", [r.name for r in self.replicas]),
            ("directory", [str(r.directory) for r in self.replicas if r.directory]),
        ):
            if len(set(values)) < len(values):
                raise ValueError(f"two replicas share one {what}; they would be one copy")
        for one, other in combinations([r for r in self.replicas if r.s3], 2):
            if _same_bucket(one.s3, other.s3):
                raise ValueError(
                    f"{one.name} and {other.name} are in one bucket; copies in one place are lost "
                    "together"
                )
        places = {r.name: _real(r.directory) for r in self.replicas if r.directory}
        if self.source_folder is not None:
            places["source_folder"] = _real(self.source_folder)
        for (name, place), (other_name, around) in permutations(places.items(), 2):
            if place == around or place.is_relative_to(around):
                raise ValueError(
                    f"{name} lies in {other_name} ({place}); copies in one place are lost together"
                )
        return self


def _same_bucket(one: S3Config | None, other: S3Config | None) -> bool:
    return (
        one is not None
        and other is not None
        and (one.endpoint_url, one.bucket) == (other.endpoint_url, other.bucket)
    )


def _real(path: Path) -> Path:
    """Where a path leads, links and `..` followed."""
    return under_home(path).resolve()
