"""The model card in a package: Markdown with front matter, as the Hugging Face Hub has it. Pure.

It tells what the configuration and the files tell, and lists what nobody told.
"""

import json
import re
from collections.abc import Mapping

from configs.templating import Filter, fill
from tasks.kernel.labels import SIMULATED, labelled
from tasks.preservation.described import (
    LICENCE_TEXT,
    Described,
    golden_path,
    told,
    told_of_training,
)
from tasks.preservation.markdown_text import Markdown, link, name, one_line, written
from tasks.preservation.payload import PayloadFile

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
PROMPTS, ANSWERS, RECORDED = "prompts.json", "answers.jsonl", "recorded.json"
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
        "training": [(_TRAINING[field][0], _said(value)) for field, value in training.items()],
        "results": [(one, number(one.value)) for one in metadata.evaluation_results],
        "behaviours": told(metadata.known_behaviours),
        "strengths": told(metadata.notable_strengths),
        "held": d.config.preservation.source_folder is not None,
        "licence_text": LICENCE_TEXT if LICENCE_TEXT in d.texts else "",
        **_files(d.files),
        "golden": [
            (golden_path(file), len(data), _GOLDEN.get(file, "kept with them"))
            for file, data in sorted(d.golden.items())
        ],
        "prompts": prompts_in(d.golden),
        "answered": _answered(d.golden),
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
        "files": files[:MOST_ROWS],
        "more_files": max(0, len(files) - MOST_ROWS),
        "bytes": sum(file.size for file in files),
        "tensors": sum(len(file.tensors) for file in files),
        "kinds": {k: v for k, v in _KINDS.items() if any(file.kind == k for file in files)},
        "pickles": sum(file.kind == "pickle" for file in files),
    }


def unknown(d: Described) -> list[str]:
    """What nobody told, or nobody kept: a sentence each."""
    metadata, training = d.metadata, told_of_training(d.metadata.training_details)
    gaps = {
        "Its version.": metadata.model_version.strip(),
        "Its licence. Do not take it for granted that it may be used.": (
            metadata.licence.strip() or LICENCE_TEXT in d.texts
        ),
        "The text of its licence.": LICENCE_TEXT in d.texts or not metadata.licence.strip(),
        **{gap: field in training for field, (_, gap) in _TRAINING.items()},
        "What those who trained it noted down.": d.notes,
        "How well it does: no evaluation results were given.": metadata.evaluation_results,
        "How it behaves: no known behaviours were given.": told(metadata.known_behaviours),
        "What its users valued in it.": told(metadata.notable_strengths),
        "How it answered while it was in service: no recorded answers were kept.": _answered(
            d.golden
        ),
        "Which model follows it, if any does.": d.config.candidate.successor.strip(),
        "Its weights: they were not at hand.": d.config.preservation.source_folder,
    }
    return [gap for gap, known in gaps.items() if not known]


def prompts_in(golden: Mapping[str, bytes]) -> int:
    """How many golden prompts prompts.json lists; 0 if there is no such file."""
    return len(json.loads(golden.get(PROMPTS, b'{"prompts":[]}'))["prompts"])


def _answered(golden: Mapping[str, bytes]) -> bool:
    lines = golden.get(ANSWERS, b"").splitlines()
    return RECORDED in golden or any(json.loads(line)["outcome"] != "failed" for line in lines)


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
