"""The description in every package: what `metadata/` tells of the model.

The same input gives the same bytes. Nothing is told here that the configuration, the files or the
records did not tell. Owners are left out: a package outlives them, and they may be persons.
"""

import json
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from configs.home import under_home
from configs.schema import RetirementConfig
from configs.schema.golden import GoldenPromptsConfig
from configs.schema.metadata import MetadataConfig, Topic
from tasks.kernel.spool import Content, Spool
from tasks.preservation.core import some
from tasks.preservation.described import (
    LICENCE_TEXT,
    Described,
    golden_path,
    told,
    told_of_training,
)
from tasks.preservation.description_files import unrecorded
from tasks.preservation.model_card import render_model_card
from tasks.preservation.payload import PayloadFile, Tensors
from tasks.preservation.payload_role import role_of

__all__ = ["Described", "missing_topics", "needs_answers", "render_description"]

CARD = "model-card.md"
BOM = "ml-bom.cdx.json"
TENSORS = "tensors.json"
DESCRIPTION = "description.json"
RESULTS = "evaluation-results.json"
FILES = "files.json"

_ABOUT_TENSORS = (
    "Every tensor of every safetensors file. start and end count bytes from the first byte of the "
    "file: the tensor is the bytes from start up to, not including, end. blake3 is the BLAKE3 "
    "digest (256 bits, hexadecimal) of those bytes."
)


def missing_topics(config: RetirementConfig, exists: Callable[[Path], bool]) -> tuple[str, ...]:
    """What stands in the way of a description: required topics that are not told, and named
    files that can't be copied.

    Required golden prompts are prompts with answers: asked of the endpoint, or recorded elsewhere.
    Without weights they are always required: nothing else would be kept.

    Args:
        config: the model's configuration.
        exists: whether an absolute path is a readable file with something in it, and no link.

    Returns:
        A clause each, which names the field under `preservation`; empty if nothing is missing.

    Raises:
        ConfigError: golden prompts are required, and their file can't be used.
    """
    metadata = config.preservation.metadata
    named = {"training_notes_file": metadata.training_notes_file}
    named |= {"licence_file": metadata.licence_file}
    files = [(f"metadata.{name}", path) for name, path in named.items() if path is not None]
    files += [("metadata.attachments", path) for path in metadata.attachments]
    golden, bare = config.preservation.golden_prompts, list[str]()
    if golden is not None and needs_answers(config):
        files.append(("golden_prompts.prompts_file", golden.prompts_file))
        bare = _without_answers(golden) if exists(under_home(golden.prompts_file)) else []
    empty = [_field(topic) for topic in dict.fromkeys(metadata.required) if _empty(config, topic)]
    return tuple(
        [f"{name} is empty: tell it, or take it off metadata.required" for name in empty]
        + [
            f"{name}: {under_home(path)} does not exist, is empty, is a link, or can't be read: "
            "put the file there"
            for name, path in files
            if not exists(under_home(path))
        ]
        + bare
    )


def needs_answers(config: RetirementConfig) -> bool:
    """Whether a package must hold an answer to each golden prompt."""
    alone = config.preservation.source_folder is None  # then the answers are all that is kept
    return alone or "golden_prompts" in config.preservation.metadata.required


def _without_answers(golden: GoldenPromptsConfig) -> list[str]:
    """A clause, where neither the endpoint is asked nor every prompt has a recorded output."""
    bare = () if golden.samples else unrecorded(golden)
    said = (
        f"golden_prompts has no answers to {some(bare)}: set golden_prompts.samples, or give "
        f"`recorded` outputs of every prompt in {under_home(golden.prompts_file)}"
    )
    return [said] if bare else []


def _field(topic: Topic) -> str:
    return topic if topic == "golden_prompts" else f"metadata.{topic}"


def _empty(config: RetirementConfig, topic: Topic) -> bool:
    if topic == "golden_prompts":
        return config.preservation.golden_prompts is None
    metadata = config.preservation.metadata
    if topic == "training_details":
        return not told_of_training(metadata.training_details)
    value = getattr(metadata, topic)
    if topic in ("known_behaviours", "notable_strengths"):
        return not told(value)
    return not (value.strip() if isinstance(value, str) else value)


def render_description(d: Described) -> dict[str, Content]:
    """Every file of the description: path under metadata/ -> content.

    Raises:
        ConfigError: the model card's template can't be used.
    """
    # its list of licences takes 10 MiB, which the read before it needs for other things
    from tasks.preservation.ml_bom import render_ml_bom

    short = {
        CARD: render_model_card(d),
        BOM: render_ml_bom(d),
        DESCRIPTION: _pretty(_description(d)),
        RESULTS: _pretty(
            {"evaluation_results": [one.model_dump() for one in d.metadata.evaluation_results]}
        ),
        FILES: _pretty({"files": [_file(file) for file in d.files]}),
        **d.texts,
        **{golden_path(name): data for name, data in d.golden.items()},
    }
    return {**{path: Spool([data]) for path, data in short.items()}, TENSORS: _tensors(d.files)}


def _pretty(value: object) -> bytes:
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _description(d: Described) -> dict[str, Any]:
    candidate = d.config.candidate
    return {
        "format": "Emeritus package description, version 1",
        "simulated": d.simulated,
        "model": {
            "id": d.config.id,
            "display_name": d.config.display_name,
            "name_at_endpoint": d.config.endpoint.model,
        },
        "package": {
            "bag": d.bag,
            "id": d.package_id,
            "made_on": d.made_on.isoformat(),
            "made_by": f"Emeritus {d.version}",
            "files": len(d.files),
            "bytes": sum(file.size for file in d.files),
            "weights_held": d.held,
        },
        "files_tell": {
            "architecture_in_config_json": d.architecture,
            "elements_in_safetensors_headers": d.elements,
        },
        "retirement": {
            "announced_on": candidate.announced_on.isoformat(),
            "surfaces": [one.model_dump(mode="json") for one in candidate.surfaces],
            "successor": candidate.successor,
            "risk_class": candidate.risk_class,
            "legal_hold": candidate.legal_hold,
        },
        "metadata": _metadata(d.metadata, d),
    }


def _metadata(metadata: MetadataConfig, d: Described) -> dict[str, Any]:
    """As configured, but for files: they stand by their name here, not by that on a machine."""
    return metadata.model_dump(mode="json") | {
        "training_notes_file": d.notes,
        "licence_file": LICENCE_TEXT if LICENCE_TEXT in d.texts else "",
        "attachments": list(d.attachments),
    }


def _file(file: PayloadFile) -> dict[str, str | int]:
    return {
        "path": file.path,
        "size": file.size,
        "sha256": file.sha256,
        "kind": file.kind,
        "role": role_of(file.path, file.kind),
        "note": file.note,
    }


def _tensors(files: tuple[PayloadFile, ...]) -> Spool:
    """JSON with one tensor a line, which `grep` finds too. ASCII: a tensor's name may be any."""
    listed = [file for file in files if file.kind == "safetensors"]
    out = Spool()
    out.append(f'{{"about":{quoted(_ABOUT_TENSORS)},\n"algorithm":"BLAKE3",\n"files":['.encode())
    for number, file in enumerate(listed):
        start = f'{"," if number else ""}\n{{"path":{quoted(file.path)},"tensors":['
        out.append(start.encode())
        for row in _rows(file.tensors):
            out.append(row)
        out.append(b"]}")
    out.append(b"]}\n")
    return out


def _rows(tensors: Tensors) -> Iterator[bytes]:
    for number, one in enumerate(tensors):
        shape = ",".join(map(str, one.shape))
        yield (
            f'{"," if number else ""}\n{{"name":{quoted(one.name)},"dtype":{quoted(one.dtype)},'
            f'"shape":[{shape}],"start":{one.start},"end":{one.end},"blake3":{quoted(one.blake3)}}}'
        ).encode()
