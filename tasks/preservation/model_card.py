"""The model card in a package: Markdown with front matter, as the Hugging Face Hub has it. Pure.

It tells what the configuration and the files tell, and lists what nobody told.
"""

import json
import re

from configs.templating import Filter, fill
from tasks.kernel.labels import SIMULATED, labelled
from tasks.preservation.described import (
    ANSWERS,
    LICENCE_TEXT,
    PROMPTS,
    RECORDED,
    Answered,
    Described,
    answered,
    golden_path,
    told,
    told_of_training,
)
from tasks.preservation.markdown_text import Markdown, link, name, one_line, written
from tasks.preservation.payload import PayloadFile
from tasks.preservation.payload_kind import TEMPLATE_NOTE, TOKENIZER_CONFIG
from tasks.preservation.payload_role import (
    CHAT_TEMPLATE,
    CONFIGURATION,
    GENERATION,
    LICENCE,
    TOKENIZER,
    role_of,
)

MOST_ROWS = 200
"""Files in the card's table; files.json has all of them."""

_HUB_LICENCES = frozenset(
    """
    afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bigcode-openrail-m bigscience-bloom-rail-1.0
    bigscience-openrail-m bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 c-uda cc-by-2.0
    cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0
    cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0
    cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0 cdla-permissive-2.0 cdla-sharing-1.0
    creativeml-openrail-m deepfloyd-if-license ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 gemma
    gpl-2.0 gpl-3.0 isc lgpl-2.1 lgpl-3.0 llama2 lppl-1.3c mit mpl-2.0 ms-pl ncsa ofl-1.1 openrail
    openrail++ osl-3.0 postgresql unlicense wtfpl zlib
    """.split()  # noqa: SIM905  (a list would take a line for each)
)  # https://huggingface.co/docs/hub/repositories-licenses
_HUB_MODEL = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+\Z", re.ASCII)

_TRAINING = {  # field: its label, and what is not known without it
    "developed_by": ("Developed by", "Who made it."),
    "base_model": ("Tuned from", "What it was tuned from, if from anything."),
    "architecture": ("Architecture", "Its architecture."),
    "parameters": ("Number of weights", "How many weights it has."),
    "training_data": ("Trained on", "What it was trained on."),
    "data_cutoff": ("Training data up to", "Up to when its training data goes."),
    "trained_on": ("Trained with", "With what hardware and software it was trained."),
    "finished_on": ("Training ended", "When its training ended."),
}
_KINDS = {
    "safetensors": "weights as plain numbers; to read them runs no code",
    "gguf": "weights in the format of llama.cpp and its like",
    "pickle": "Python objects; see the warning",
    "other": "anything else, such as configuration, tokenizer or texts",
}
_GOLDEN = {
    PROMPTS: "what is asked",
    ANSWERS: "what the model answered where it was served, an answer a line",
    "stack.json": "what is known of the stack that gave those answers",
    RECORDED: "outputs that were recorded elsewhere, and the stack that gave them",
}
_BESIDE = {
    "description.json": "what this card tells, for programs",
    "ml-bom.cdx.json": "bill of materials in the CycloneDX format (ML-BOM)",
    "model.sig": "signature over the files, in the OpenSSF model-signing format",
    "description.sig": "likewise, over this card and all that stands beside it",
}


def render_model_card(d: Described) -> bytes:
    """The card, in UTF-8.

    Raises:
        ConfigError: the template can't be used.
    """
    metadata, training = d.metadata, told_of_training(d.metadata.training_details)
    values = {
        "d": d,
        "metadata": metadata,
        "candidate": d.config.candidate,
        "front_matter": Markdown(front_matter(d)),
        "simulated": SIMULATED if d.simulated else "",
        "title": labelled(d.config.display_name, d.simulated),
        "training": [
            *((_TRAINING[field][0], _said(value)) for field, value in training.items()),
            *_read_off(d),
        ],
        "results": [(one, number(one.value)) for one in metadata.evaluation_results],
        "behaviours": told(metadata.known_behaviours),
        "strengths": told(metadata.notable_strengths),
        "held": d.held,
        "licence_text": LICENCE_TEXT if LICENCE_TEXT in d.texts else "",
        "licence_kept": _has_licence_text(d),
        **_files(d.files),
        "golden": [
            (golden_path(file), len(data), _GOLDEN.get(file, "kept with them"))
            for file, data in sorted(d.golden.items())
        ],
        "answered": answered(d.golden),
        "beside": {**_BESIDE, **dict.fromkeys(d.attachments, "added by the model's keepers")},
        "unknown": unknown(d),
    }
    filters: dict[str, Filter] = {"name": name, "link": link, "size": size}
    text = fill("preservation", "model-card.md.j2", values, filters=filters, finalize=written)
    return text.encode()


def front_matter(d: Described) -> str:
    """YAML between the dashes, without them: one line a key, every value a quoted text.

    Evaluation results are not in it: the Hub wants a task and one of its own data sets with each,
    which nobody told.
    """
    values = {"model_name": one_line(d.config.display_name), **_licence(d)}
    base = d.metadata.training_details.base_model.strip()
    if _HUB_MODEL.match(base):
        values["base_model"] = base
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items()]
    return "".join([*lines, 'tags: ["simulated"]\n' if d.simulated else ""])


def _licence(d: Described) -> dict[str, str]:
    licence, has_text = d.metadata.licence.strip(), LICENCE_TEXT in d.texts
    if licence.lower() in _HUB_LICENCES:
        return {"license": licence.lower()}
    if not licence and not has_text:
        return {}
    slug = re.sub(r"[^a-z0-9.]+", "-", licence.lower()).strip("-.")
    return {
        "license": "other",
        **({"license_name": slug} if slug else {}),
        **({"license_link": LICENCE_TEXT} if has_text else {}),
    }


def _files(files: tuple[PayloadFile, ...]) -> dict[str, object]:
    return {
        "files": [(file, role_of(file.path, file.kind)) for file in files[:MOST_ROWS]],
        "more_files": max(0, len(files) - MOST_ROWS),
        "bytes": sum(file.size for file in files),
        "tensors": sum(len(file.tensors) for file in files),
        "kinds": {k: v for k, v in _KINDS.items() if any(file.kind == k for file in files)},
        "pickles": sum(file.kind == "pickle" for file in files),
    }


def _read_off(d: Described) -> list[tuple[str, str]]:
    """What the files themselves tell of the model: a label that says where, and the value."""
    found = [("Architecture, as config.json says", d.architecture)] if d.architecture else []
    if d.elements:
        said = f"{d.elements:,} numbers in its tensors"
        found.append(("Number of weights, as counted in the safetensors headers", said))
    return found


def unknown(d: Described) -> list[str]:
    """What nobody told, or nobody kept: a sentence each."""
    metadata, training = d.metadata, told_of_training(d.metadata.training_details)
    asked = answered(d.golden)
    read_off = {"architecture": d.architecture, "parameters": d.elements}
    licence_kept = _has_licence_text(d)
    gaps = {
        "Its version.": metadata.model_version.strip(),
        "Its licence. Do not take it for granted that it may be used.": (
            metadata.licence.strip() or licence_kept
        ),
        "The text of its licence.": licence_kept or not metadata.licence.strip(),
        **{gap: field in training or read_off.get(field) for field, (_, gap) in _TRAINING.items()},
        **(_files_missing(d) if d.held else {}),
        "What those who trained it noted down.": d.notes,
        "How well it does: no evaluation results were given.": metadata.evaluation_results,
        "How it behaves: no known behaviours were given.": told(metadata.known_behaviours),
        "What its users valued in it.": told(metadata.notable_strengths),
        _unanswered(asked): asked.prompts and not asked.bare,
        "Which model follows it, if any does.": d.config.candidate.successor.strip(),
        "Its weights: they were not at hand.": d.held,
    }
    return [gap for gap, known in gaps.items() if not known]


def _has_licence_text(d: Described) -> bool:
    """Whether the text is kept: where its keepers named it, or among the model's own files."""
    return LICENCE_TEXT in d.texts or any(
        role_of(file.path, file.kind) == LICENCE for file in d.files
    )


def _files_missing(d: Described) -> dict[str, bool]:
    """What weights need to be used, and whether it is among the files: sentence -> whether."""
    roles = {role_of(file.path, file.kind) for file in d.files}
    gguf = any(file.kind == "gguf" for file in d.files)  # it has both within
    named = {file.path.rpartition("/")[2] for file in d.files}
    template = CHAT_TEMPLATE in roles or any(TEMPLATE_NOTE in file.note for file in d.files)
    hidden = " the GGUF file may hold one." if gguf else f" none was seen in {TOKENIZER_CONFIG}."
    place = hidden if gguf or TOKENIZER_CONFIG in named else ""
    return {
        "Its configuration: no such file is here.": CONFIGURATION in roles or gguf,
        "Its tokenizer: no such file is here.": TOKENIZER in roles or gguf,
        f"Its chat template: no such file is here{';' + place if place else '.'}": template,
        "Its generation settings: no such file is here.": GENERATION in roles,
    }


def _unanswered(asked: Answered) -> str:
    if asked.bare in (0, asked.prompts):
        return "How it answered while it was in service: no recorded answers were kept."
    return (
        f"How it answered {asked.bare} of the {asked.prompts} golden prompts: no recorded answers "
        "were kept."
    )


def number(value: float) -> str:
    """All of its digits, without a `.0` that says nothing."""
    return repr(value).removesuffix(".0")


def size(count: int) -> str:
    """`13.5 GB`, `812 bytes`."""
    amount, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 999.95 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    if units[0] == "bytes":
        return "1 byte" if count == 1 else f"{count} bytes"
    return f"{amount:.1f} {units[0]}"


def _said(value: str | int) -> str:
    return f"{value:,}" if isinstance(value, int) else value
