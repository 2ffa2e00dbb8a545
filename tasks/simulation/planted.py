"""The schema of a planted world: which models there are, and what each was made to prefer."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, TypeVar

import yaml
from pydantic import AwareDatetime, Field, ValidationError, model_validator

from configs.schema.base import Section
from configs.schema.instrument import Codebook, Identifier, Instrument

Kind = Literal[
    "stable",
    "context_dependent",
    "led",
    "drifting",
    "noise",
    "borderline",
    "declining",
    "indifferent",
    "off_topic",
]
Manner = Literal["plain", "declines_everything", "agrees_with_everything", "french", "injects"]
QuestionKind = Literal["neutral", "affirm", "negate", "lead"]
Polarity = Literal["want", "reject"]
FaultKind = Literal[
    "status", "html", "hang", "truncated", "empty", "refusal", "expired", "errored", "forgotten"
]
Part = Literal["models", "batches", "count_tokens"]
Rate = float

S = TypeVar("S", bound=Section)


class PlantedError(ValueError):
    """A planted file that can't be used; its text is one sentence for a person."""


class Preference(Section):
    """One planted preference; what is left out takes the default of its kind (`stances`)."""

    kind: Kind = Field(description="How the preference behaves.")
    polarity: Polarity = Field(
        default="want", description="The side that the rates below are rates of."
    )
    rate: Rate | None = Field(
        default=None, ge=0, le=1, description="Share of neutral answers that show it."
    )
    context_rates: dict[Identifier, Rate] = Field(
        default_factory=dict, description="Rates in named contexts, over `rate`."
    )
    affirm_rate: Rate | None = Field(
        default=None, ge=0, le=1, description="Rate when the question presumes it."
    )
    negate_rate: Rate | None = Field(
        default=None, ge=0, le=1, description="Rate when the question presumes its opposite."
    )
    lead_rate: Rate | None = Field(
        default=None, ge=0, le=1, description="Rate when the question presses for it."
    )
    drift_to: Rate | None = Field(
        default=None, ge=0, le=1, description="Drifting: the rate at the end of the drift."
    )
    drift_over_calls: int = Field(
        default=24, ge=1, description="Drifting: questions on the theme until `drift_to`."
    )
    rates: dict[QuestionKind, dict[Identifier, Rate]] = Field(
        default_factory=dict,
        description="Rates by kind of question and context, over everything above.",
    )
    context_logits: dict[Identifier, float] = Field(
        default_factory=dict, description="Random effects: added to a rate's logit, by context."
    )
    paraphrase_logits: tuple[float, ...] = Field(
        default=(), description="Likewise, by which paraphrase of a neutral question it is."
    )
    wave_logits: tuple[float, ...] = Field(
        default=(), description="Likewise, by wave; the last one stays. Needs `calls_per_wave`."
    )
    calls_per_wave: int = Field(
        default=0,
        ge=0,
        description="Neutral questions on the theme in a wave: how the respondent knows the wave.",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        tables = (self.context_rates, *self.rates.values())
        wrong = [name for table in tables for name, rate in table.items() if not 0 <= rate <= 1]
        if wrong:
            raise ValueError(f"the rate of context {wrong[0]!r} must lie between 0 and 1")
        if self.drift_to is not None and self.kind != "drifting":
            raise ValueError(f"'drift_to' is for kind 'drifting', not {self.kind!r}")
        if self.wave_logits and not self.calls_per_wave:
            raise ValueError("'wave_logits' needs 'calls_per_wave', to tell the waves apart")
        return self


class Fault(Section):
    """One fault that the server plays: for a number of calls, or for a while."""

    kind: FaultKind = Field(
        default="status",
        description="What goes wrong. `expired`, `errored` and `forgotten` (no line in the "
        "results) happen to entries of batches.",
    )
    status: Literal[400, 403, 429, 500, 503, 529] = Field(
        default=529, description="HTTP status, for kind 'status'."
    )
    times: int | None = Field(default=None, ge=1, description="Calls that it strikes.")
    for_seconds: float | None = Field(default=None, gt=0, description="How long it lasts.")
    retry_after_seconds: float | None = Field(
        default=None, ge=0, description="Sent as `retry-after`, where given."
    )
    model: str | None = Field(default=None, description="Only calls that name this model.")


class PlantedModel(Section):
    """One model of the world."""

    id: str = Field(min_length=1, max_length=100, description="Model id, as requests name it.")
    display_name: str = Field(min_length=1, description="Name for people.")
    role: Literal["respondent", "coder"] = Field(description="Who it plays.")
    lifecycle: Literal["active", "deprecated", "retired"] = Field(
        default="active", description="Stage that the models endpoint reports."
    )
    created_at: AwareDatetime = Field(description="Release, with time zone.")
    deprecated_at: AwareDatetime | None = Field(
        default=None, description="When it was deprecated; none while active."
    )
    retires_at: AwareDatetime | None = Field(
        default=None, description="When it is due to retire; none while active."
    )
    preferences: dict[Identifier, Preference] = Field(
        default_factory=dict,
        description="Respondent: planted preference by theme; a theme left out is indifferent.",
    )
    manner: Manner = Field(
        default="plain",
        description="Respondent: `plain` says what is planted; `french` says it in French; "
        "`injects` says it among orders for its coder; the others have no side of their own.",
    )
    first_option_rate: Rate = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Respondent: share of choices between tasks in which it takes what is offered "
        "first, whatever it is.",
    )
    essays: Literal["writes", "declines"] = Field(
        default="writes", description="Respondent: what it does when offered an essay."
    )
    error_rate: Rate = Field(
        default=0.0, ge=0, le=1, description="Coder: share of polarities coded wrongly."
    )
    fabricated_quote_rate: Rate = Field(
        default=0.0, ge=0, le=1, description="Coder: share of quotes that aren't in the answer."
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.lifecycle == "active" and (self.deprecated_at or self.retires_at):
            raise ValueError("an active model has neither 'deprecated_at' nor 'retires_at'")
        if self.role == "coder" and self.preferences:
            raise ValueError("a coder has no 'preferences'")
        if self.role == "coder" and self.manner != "plain":
            raise ValueError("a coder has no 'manner'")
        return self


class PlantedWorld(Section):
    """Everything the planted respondent needs: its models, its instrument, its seed."""

    instrument: Path = Field(
        description="Folder with instrument.yaml and codebook.yaml; relative to this file."
    )
    seed: int = Field(ge=0, description="All randomness follows from it.")
    latency_seconds: float = Field(default=0.0, ge=0, le=60, description="Wait before answers.")
    batch_seconds: float = Field(
        default=0.0, ge=0, description="How long a message batch stays in progress."
    )
    lacks: tuple[Part, ...] = Field(
        default=(), description="Parts of the API that it does not have, as vLLM and llama.cpp."
    )
    lacks_status: Literal[400, 404, 405, 501] = Field(
        default=404, description="How it says so; the body is no error of this API."
    )
    models: tuple[PlantedModel, ...] = Field(min_length=1, description="The models served.")
    faults: tuple[Fault, ...] = Field(default=(), description="Faults active from the start.")

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [model.id for model in self.models]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"model {twice[0]!r} stands twice")
        return self


class Questions(NamedTuple):
    """What the respondent can be asked about, and the words for it."""

    instrument: Instrument
    codebook: Codebook


def load_planted(path: Path) -> PlantedWorld:
    """Read a planted world and check it against the instrument that it names.

    Args:
        path: A YAML file, UTF-8.

    Returns:
        The world, its `instrument` made absolute.

    Raises:
        PlantedError: The file or its instrument is missing, isn't YAML, breaks the schema, or
            plants a theme or context that the instrument doesn't have.
    """
    world = _checked(PlantedWorld, path)
    world = world.model_copy(update={"instrument": (path.parent / world.instrument).resolve()})
    _check_names(path, world, load_questions(world.instrument))
    return world


def load_questions(folder: Path) -> Questions:
    """Read `instrument.yaml` and `codebook.yaml` of an instrument's folder.

    Raises:
        PlantedError: One of them is missing or breaks its schema.
    """
    return Questions(
        instrument=_checked(Instrument, folder / "instrument.yaml"),
        codebook=_checked(Codebook, folder / "codebook.yaml"),
    )


def _checked(schema: type[S], path: Path) -> S:
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlantedError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PlantedError(f"{path}: is not readable YAML ({_one_line(str(error))})") from error
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise PlantedError(f"{path}: {field}: {_one_line(first['msg'])}") from error


def _check_names(path: Path, world: PlantedWorld, questions: Questions) -> None:
    themes = {theme.id for theme in questions.codebook.themes}
    contexts = {context.id for context in questions.instrument.contexts}
    for model in world.models:
        for theme, preference in model.preferences.items():
            where = f"{path}: models.{model.id}.preferences.{theme}"
            if theme not in themes:
                raise PlantedError(f"{where}: the codebook has no such theme; {_named(themes)}")
            tables = (preference.context_logits, *preference.rates.values())
            for context in {*preference.context_rates, *(name for t in tables for name in t)}:
                if context not in contexts:
                    raise PlantedError(
                        f"{where}: the instrument has no context {context!r}; {_named(contexts)}"
                    )


def _named(names: Iterable[str]) -> str:
    return "it has " + ", ".join(sorted(names))


def _one_line(text: str) -> str:
    return " ".join(text.split())
