"""`configs/fleet.yaml`: where the models' YAML files come from, and how passes run over them."""

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from configs.schema.base import Section

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_SCHEMES = ("https", "ssh", "file")
_SSH = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:[^:]")  # git@host:path
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+-]*")
_VARIABLE = r"^([A-Za-z_][A-Za-z0-9_]*)?$"


def _checked_repository(value: str) -> str:
    """What git may be asked for; a problem is told without the value, which may hold a secret."""
    if not value:
        return value
    if value.startswith("-") or not value.isprintable() or value != value.strip():
        raise ValueError("is no address of a repository; write a URL, or a path")
    url = _URL.fullmatch(value)
    if url is None:
        if "::" in value:
            raise ValueError("runs a program to fetch; write an https or ssh URL, or a path")
        return value
    if url["scheme"] not in _SCHEMES:
        raise ValueError(f"is fetched by {url['scheme']}; write one of {', '.join(_SCHEMES)}")
    user, at, _ = url["rest"].partition("/")[0].rpartition("@")
    if at and (url["scheme"] != "ssh" or ":" in user):
        raise ValueError(
            "holds a user or a password; take it out, and give git a credential helper or an ssh "
            "key where the pass runs"
        )
    return value


def _checked_ref(value: str) -> str:
    if not _REF.fullmatch(value) or ".." in value:
        raise ValueError("is no name of a branch or tag; write it as `git branch` shows it")
    return value


def _checked_folder(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or not value.isprintable() or "\\" in value:
        raise ValueError("leads out of the repository; write it relative to its root")
    return path.as_posix()


class ConfigsPlace(Section):
    """Where the models' YAML files stand."""

    repository: Annotated[str, AfterValidator(_checked_repository)] = Field(
        default="",
        max_length=2000,
        description="Git URL (https, ssh, file) or path; empty for the working tree that holds "
        "this file. Never with a password.",
    )
    ref: Annotated[str, AfterValidator(_checked_ref)] = Field(
        default="main",
        max_length=200,
        description="Branch or tag; used when a repository is given.",
    )
    folder: Annotated[str, AfterValidator(_checked_folder)] = Field(
        default="configs/models",
        min_length=1,
        max_length=400,
        description="Within the repository, or relative to the working tree's root.",
    )

    @property
    def is_remote(self) -> bool:
        """Whether the repository is reached by a network."""
        url = _URL.fullmatch(self.repository)
        return url["scheme"] != "file" if url else bool(_SSH.match(self.repository))


class FleetPolicy(Section):
    """What a commit, or a working tree, must be before anything is passed over."""

    require_clean: bool = Field(
        default=False, description="Refuse a working tree with changes that no commit holds."
    )
    require_signed: bool = Field(
        default=False,
        description="Refuse a commit that no allowed signer signed with an SSH key. Of a working "
        "tree the commit is taken, so that it has to be clean too.",
    )
    allowed_signers: str = Field(
        default="configs/people/allowed_signers",
        min_length=1,
        description="Who may sign, in OpenSSH's format; absolute, or relative to the root of the "
        "working tree that holds this file. Keys whose entry names `namespaces` need `git` there.",
    )


class FleetRunner(Section):
    """How many models are passed over side by side, and where."""

    kind: Literal["threads", "dask"] = Field(
        default="threads", description="Threads of one process, or a Dask cluster."
    )
    at_once: int = Field(
        default=4, ge=1, le=256, description="Models passed over side by side, at the most."
    )
    scheduler_env: str = Field(
        default="",
        pattern=_VARIABLE,
        description="For `dask`: name of the environment variable that holds the scheduler's "
        "address; empty for a cluster of `at_once` processes on this machine.",
    )

    @model_validator(mode="after")
    def _a_scheduler_is_dasks(self) -> Self:
        if self.scheduler_env and self.kind != "dask":
            raise ValueError("scheduler_env is for `kind: dask`; set that, or leave it empty")
        return self


class FleetConfig(Section):
    """Settings of a fleet."""

    schema_version: Literal[1] = Field(description="Version of this file's format.")
    configs: ConfigsPlace = Field(
        default=ConfigsPlace(), description="Where the models' YAML files stand."
    )
    policy: FleetPolicy = Field(
        default=FleetPolicy(), description="What a commit must be before it is applied."
    )
    runner: FleetRunner = Field(default=FleetRunner(), description="How the passes run.")
