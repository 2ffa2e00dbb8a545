"""What applying configurations would change, as a document for programs; people's views follow.

`emeritus plan --format json` prints it. Its fields only ever grow within one `schema_version`.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["new", "changed", "unchanged", "refused", "invalid", "removed"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChangedField(_Part):
    """A field whose value differs; secrets can't stand in a configuration."""

    field: str = Field(description="Dotted path; a list's entry by its name, or its index.")
    before: Any = Field(description="JSON value; null also where there was none.")
    now: Any = Field(description="JSON value; null also where there is none.")


class MovedDate(_Part):
    """A surface's last day that differs."""

    surface: str = Field(description="Its name.")
    before: str = Field(description="ISO date; empty for a new surface.")
    now: str = Field(description="ISO date; empty for one that is gone.")


class PlannedNotice(_Part):
    """A notice that the change triggers."""

    kind: str = Field(description="Such as `announcement` or `T-30`.")
    at: str = Field(description="ISO date; empty for the next pass.")
    to: tuple[str, ...] = Field(description="Names of owners and webhooks.")
    tells: str = Field(description="What it tells of the last days.")


class Refused(_Part):
    """A change that a pass refuses: the configuration in force stays."""

    id: str = Field(description="`CH-...`, or the code of the error; docs/errors.md lists both.")
    field: str = Field(description="Which field of the YAML; empty for the whole file.")
    reason: str = Field(description="Why, and how to go on.")


class Calls(_Part):
    """What interviews take: from `least` to `most`, since probes follow from answers."""

    least: int | float = Field(description="At the least.")
    most: int | float = Field(description="At the most.")


class Interviews(_Part):
    """What the interviews of a new model take, as `emeritus interviews plan` estimates it."""

    calls: Calls = Field(description="Calls of the endpoint.")
    input_tokens: Calls = Field(description="Tokens sent.")
    output_tokens: Calls = Field(description="Tokens received.")
    usd: Calls | None = Field(description="US dollars; null where the endpoint has no prices.")
    ceiling_calls: int = Field(description="`interviews.max_calls`.")
    ceiling_usd: float = Field(description="`interviews.max_cost_usd`; 0 for none.")
    problem: str = Field(description="What stops them as they are planned; empty for nothing.")


class ModelPlan(_Part):
    """What would change for one model."""

    id: str = Field(description="The model's id; of an unreadable file, its name.")
    display_name: str = Field(default="", description="For people.")
    file: str = Field(default="", description="Where the YAML stands; empty where there is none.")
    state: State = Field(description="What applying does.")
    changes: tuple[ChangedField, ...] = Field(default=(), description="Field by field.")
    dates: tuple[MovedDate, ...] = Field(default=(), description="Last days that move.")
    notices: tuple[PlannedNotice, ...] = Field(default=(), description="Who is told of it when.")
    refusals: tuple[Refused, ...] = Field(default=(), description="Why it is refused.")
    interviews: Interviews | None = Field(default=None, description="Of a model that is new.")
    notes: tuple[str, ...] = Field(default=(), description="What else a person should know.")


class Summary(_Part):
    """Counts over all models, and what is new in sum."""

    new: int = Field(description="Retirements that would be opened.")
    changed: int = Field(description="Configurations that would come into force.")
    unchanged: int = Field(description="Configurations that stay as they are.")
    refused: int = Field(description="Changes that a pass refuses.")
    invalid: int = Field(description="Files that can't be used.")
    removed: int = Field(description="Models without a file; nothing is deleted.")
    calls: Calls = Field(description="Calls of the interviews of new models.")
    usd: Calls = Field(description="US dollars of these, where endpoints have prices.")


class PlanReport(_Part):
    """What applying the files would change."""

    schema_version: Literal[1] = Field(default=1, description="Version of this format.")
    source: str = Field(description="Where the files come from, for people.")
    commit: str = Field(
        description="SHA; with `-dirty` where the files differ from it; empty where no git tells."
    )
    against: str = Field(description="`records`, or the SHA of the commit compared with.")
    at: str = Field(description="RFC 3339 instant of the comparison.")
    exit_status: Literal[0, 1, 2] = Field(
        description="0: nothing changes; 2: something does; 1: something is refused or invalid."
    )
    warnings: tuple[str, ...] = Field(description="What holds for all models, such as the policy.")
    summary: Summary = Field(description="Counts.")
    models: tuple[ModelPlan, ...] = Field(description="By id.")
