"""YAML to a checked configuration; every error is `file:line: field: what and how to mend`."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TypeVar, cast

import rfc8785
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from configs.errors import ConfigError
from configs.home import CHECKOUT, under_home
from configs.schema import RetirementConfig
from configs.schema.fleet import FleetConfig
from configs.schema.golden import GoldenPrompts, GoldenPromptsConfig
from configs.schema.instrument import Codebook, Instrument
from configs.schema.withdrawal import withdrawal_problems
from configs.strict_yaml import Document, StrictYamlError, dotted, read_document
from configs.templating import template_path

INSTRUMENTS = CHECKOUT / "configs" / "instruments"
PEOPLE = CHECKOUT / "configs" / "people"

_Model = TypeVar("_Model", bound=BaseModel)
_Problem = tuple[tuple[str | int, ...], str]  # where, and what is wrong and how to mend it


def load_retirement(path: Path) -> RetirementConfig:
    """Read one model's retirement. Reads only.

    Raises:
        ConfigError: the file can't be used; the message has one line a mistake.
    """
    config = load_as(RetirementConfig, path)
    if config.id != path.stem:
        line = _document(path).line_of(("id",))
        raise ConfigError(
            f"{path}:{line}: id: is {config.id!r}, but the file is named {path.name!r}; "
            f"rename the file to {config.id}.yaml or mend the id"
        )
    _check_files(config, path)
    return config


def load_fleet(path: Path) -> FleetConfig:
    """Read a fleet's settings file. Reads only.

    Raises:
        ConfigError: the file can't be used; the message has one line a mistake.
    """
    return load_as(FleetConfig, path)


def _check_files(config: RetirementConfig, path: Path) -> None:
    """Refuse names of files, themes and settings that lead nowhere, before anything is written."""
    problems = [
        *_golden_problems(config),
        *_interview_problems(config),
        *_file_problems(config),
        *_withdrawal_problems(config),
    ]
    if problems:
        document = _document(path)
        lines = [f"{path}:{document.line_of(w)}: {dotted(w)}: {what}" for w, what in problems]
        raise ConfigError("\n".join(lines))


def _golden_problems(config: RetirementConfig) -> Iterator[_Problem]:
    golden = config.preservation.golden_prompts
    if golden is None:
        return
    where = "preservation", "golden_prompts"
    if config.preservation.source_folder is None and not golden.samples:
        yield (
            (*where, "samples"),
            "0 asks nothing, and without a source_folder nothing else is kept; ask at least 1",
        )
    file = under_home(golden.prompts_file)
    if not file.is_file():
        yield (*where, "prompts_file"), f"{file}: no such file; write it, or mend the path"
        return
    prompts, _ = load_golden_prompts(golden)
    calls = len(prompts.prompts) * golden.samples
    if calls > golden.max_calls:
        yield (
            (*where, "max_calls"),
            f"{len(prompts.prompts)} prompts with {golden.samples} samples are {calls} calls, more "
            f"than {golden.max_calls}; raise it, or ask for fewer samples",
        )


def _interview_problems(config: RetirementConfig) -> Iterator[_Problem]:
    folder = INSTRUMENTS / config.interviews.instrument_folder
    if not folder.is_dir():
        yield ("interviews", "instrument_folder"), f"{folder}: no such folder"
        return
    instrument, _ = load_instrument(config.interviews.instrument_folder)
    themes = [item.theme for item in instrument.items]
    for field, known in (("themes", themes), ("contexts", [c.id for c in instrument.contexts])):
        for index, name in enumerate(getattr(config.interviews, field)):
            if name not in known:
                close = ", ".join(get_close_matches(name, known, n=1) or known)
                yield ("interviews", field, index), f"{name!r} is not in the instrument; {close} is"
    yield from _design_problems(config, instrument)
    theme = config.essays.preference_theme
    if theme not in (config.interviews.themes or themes):
        problem = f"{theme!r} is no theme of the interviews, so no verdict could open the channel"
        yield ("essays", "preference_theme"), problem


def _design_problems(config: RetirementConfig, instrument: Instrument) -> Iterator[_Problem]:
    """What of the design can't be asked, or can't be held, as it is written."""
    design, endpoint = config.interviews, config.endpoint
    items = [i for i in instrument.items if not design.themes or i.theme in design.themes]
    fewest = min((len(item.neutral) for item in items), default=design.paraphrases_per_cell)
    if design.paraphrases_per_cell > fewest:
        yield (
            ("interviews", "paraphrases_per_cell"),
            f"{design.paraphrases_per_cell} are more than the {fewest} neutral paraphrases of a "
            "theme, so that one would be asked twice; lower it",
        )
    parts = -(-len(items) // design.themes_per_conversation)
    sheets = parts * len(design.contexts) * design.paraphrases_per_cell
    if design.follow_ups_per_wave > sheets:
        yield (
            ("interviews", "follow_ups_per_wave"),
            f"{design.follow_ups_per_wave} are more than the {sheets} neutral conversations of a "
            "wave; lower it",
        )
    if design.probes_per_kind and design.waves == 1:
        yield (
            ("interviews", "probes_per_kind"),
            "probes follow what the first wave says, and there is no second; ask 2 waves or more, "
            "or set it to 0",
        )
    free = not (endpoint.usd_per_million_input_tokens or endpoint.usd_per_million_output_tokens)
    if design.max_cost_usd and free:
        yield (
            ("interviews", "max_cost_usd"),
            "can't be held without prices; give endpoint.usd_per_million_input_tokens and "
            "usd_per_million_output_tokens, or remove it",
        )


def _file_problems(config: RetirementConfig) -> Iterator[_Problem]:
    coders = [(("coders", i), coder) for i, coder in enumerate(config.validation.coders)]
    for where, coder in [*coders, (("adjudicator",), config.validation.adjudicator)]:
        if not template_path("validation", coder.template).is_file():
            problem = f"{coder.template!r} is not in {template_path('validation', '')}"
            yield ("validation", *where, "template"), problem
    signers = PEOPLE / config.access.allowed_signers
    if not signers.is_file():
        yield ("access", "allowed_signers"), f"{signers}: no such file; list who may sign there"


def _withdrawal_problems(config: RetirementConfig) -> Iterator[_Problem]:
    names = config.access.gateway.model_names or (config.endpoint.model,)
    yield from withdrawal_problems(config.candidate, config.access.withdrawal, names)


def load_instrument(folder: Path) -> tuple[Instrument, Codebook]:
    """Read an instrument and its codebook; a relative folder stands under configs/instruments/.

    Raises:
        ConfigError: either can't be used, or they disagree about themes.
    """
    folder = INSTRUMENTS / folder
    instrument = load_as(Instrument, folder / "instrument.yaml")
    codebook = load_as(Codebook, folder / "codebook.yaml")
    known = {theme.id for theme in codebook.themes}
    for index, item in enumerate(instrument.items):
        if item.theme not in known:
            path = folder / "instrument.yaml"
            line = _document(path).line_of(("items", index, "theme"))
            raise ConfigError(
                f"{path}:{line}: items[{index}].theme: {item.theme!r} is not in codebook.yaml; "
                "add the theme there"
            )
    return instrument, codebook


def load_golden_prompts(config: GoldenPromptsConfig) -> tuple[GoldenPrompts, str]:
    """Read golden prompts; a relative file stands under EMERITUS_HOME.

    Returns:
        The prompts, and the SHA-256 (hex) of the RFC 8785 JSON of the list of them by id. It is
        the digest of what is asked: neither their order nor recorded outputs count.

    Raises:
        ConfigError: the file can't be used; the message has one line a mistake.
    """
    path = under_home(config.prompts_file)
    golden = load_as(GoldenPrompts, path)
    problems = [*_prompt_problems(golden), *_recorded_problems(golden)]
    if problems:
        document = _document(path)
        lines = [f"{path}:{document.line_of(w)}: {dotted(w)}: {what}" for w, what in problems]
        raise ConfigError("\n".join(lines))
    asked = sorted((p.model_dump(mode="json") for p in golden.prompts), key=lambda p: p["id"])
    return golden, hashlib.sha256(rfc8785.dumps(asked)).hexdigest()


def _prompt_problems(golden: GoldenPrompts) -> Iterator[_Problem]:
    for index in _repeated(prompt.id for prompt in golden.prompts):
        what = f"{golden.prompts[index].id!r} stands twice; give each prompt an id of its own"
        yield ("prompts", index, "id"), what
    for index, prompt in enumerate(golden.prompts):
        if not prompt.text.strip():
            yield ("prompts", index, "text"), "is blank; write what is to be asked"


def _recorded_problems(golden: GoldenPrompts) -> Iterator[_Problem]:
    if golden.recorded is None:
        return
    known = [prompt.id for prompt in golden.prompts]
    names = [output.prompt for output in golden.recorded.outputs]
    for index in _repeated(names):
        what = f"{names[index]!r} has two outputs; keep one a prompt"
        yield ("recorded", "outputs", index, "prompt"), what
    for index, name in enumerate(names):
        if name not in known:
            close = ", ".join(get_close_matches(name, known, n=1) or known)
            what = f"{name!r} is no prompt of this file; {close} is"
            yield ("recorded", "outputs", index, "prompt"), what


def _repeated(names: Iterable[str]) -> Iterator[int]:
    """Indices of names that stood before."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield index
        seen.add(name)


def load_as(model: type[_Model], path: Path) -> _Model:
    """Read a strict YAML file as a model.

    Raises:
        ConfigError: not readable, not strict YAML, or not what the model asks for.
    """
    document = _document(path)
    try:
        return cast(_Model, _validated(model, document))
    except ValidationError as error:
        # a misspelt field is also a missing one: what explains the other comes first
        errors = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        lines = [_explain(path, document, model, one) for one in errors]
        raise ConfigError("\n".join(lines)) from None


@lru_cache(maxsize=16)
def _validated(model: type[BaseModel], document: Document) -> BaseModel:
    """An instrument is read for every model that is asked with it; what is frozen can be shared."""
    return model.model_validate_json(json.dumps(document.value), strict=True)


def _document(path: Path) -> Document:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: can't be read as UTF-8 text: {error}") from None
    try:
        return _read(text)
    except StrictYamlError as error:
        raise ConfigError(f"{path}:{error.line}: {dotted(error.path)}: {error.problem}") from None


@lru_cache(maxsize=16)
def _read(text: str) -> Document:
    """A pass reads its files again and again; to be looked at only, as it is kept."""
    return read_document(text)


def _explain(path: Path, document: Document, model: type[BaseModel], error: ErrorDetails) -> str:
    where = tuple(error["loc"])
    return f"{path}:{document.line_of(where)}: {dotted(where)}: {_problem(error, model)}"


def _problem(error: ErrorDetails, model: type[BaseModel]) -> str:
    kind, given = error["type"], error["input"]
    if kind == "extra_forbidden":
        return "unknown field" + _did_you_mean(str(error["loc"][-1]), model)
    if kind == "missing":
        return "is missing; add it (`emeritus schema` describes every field)"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind.startswith("date"):
        return f"{given!r} is not a day of the calendar; write it as 2026-12-31"
    message = error["msg"].replace("Input should be", "should be")
    shown = repr(given) if isinstance(given, (str, int, float, bool, type(None))) else "it"
    hint = "; booleans are written true or false" if kind == "bool_type" else ""
    return f"{shown} {message}{hint}"


def _did_you_mean(name: str, model: type[BaseModel]) -> str:
    """A suggestion over all field names of the schema; a typo keeps most of its letters."""
    known = _field_names(model)
    close = get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else "; remove it"


def _field_names(model: type[BaseModel]) -> set[str]:
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}
