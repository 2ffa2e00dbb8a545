"""Asks for proposals on the codebook, and keeps them as files beside the records."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from configs.home import home
from configs.schema.instrument import Theme
from configs.schema.validation import CoderConfig
from tasks.adapters.files import write_atomically
from tasks.ports.respondent import Answer
from tasks.validation.coding import Asked
from tasks.validation.open_coding import (
    Proposal,
    Proposals,
    as_json,
    as_markdown,
    open_question,
    read_proposals,
)
from tasks.validation.prompts import system_prompt
from tasks.validation.rounds import Job, code_round

TEMPLATE = "open_coder.md.j2"


def propose(coder: CoderConfig, themes: Sequence[Theme], asked: Mapping[str, Asked]) -> Proposals:
    """Have the held-out answers read.

    Args:
        coder: who reads; only its endpoint is used, not its template.
        themes: the codebook's entries of the design.
        asked: conversation id -> its answer, and what quotes are checked against.

    Raises:
        EndpointBusy: not all were read.
        EndpointFault: the endpoint refuses the calls as they stand.
    """
    system = system_prompt(TEMPLATE, themes)
    jobs = [Job(name, open_question(system, one.answer)) for name, one in sorted(asked.items())]
    found: dict[str, tuple[tuple[Proposal, ...], int]] = {}

    def record(_: CoderConfig, job: Job, reply: Answer) -> None:
        name = job.conversation_id
        found[name] = read_proposals(name, reply, asked[name])

    busy = asyncio.run(code_round([(coder, jobs)], record))
    if busy is not None:
        raise busy
    ordered = [found[name] for name in sorted(found)]
    return Proposals(
        read=tuple(sorted(found)),
        proposed=tuple(proposal for kept, _ in ordered for proposal in kept),
        dropped=sum(dropped for _, dropped in ordered),
    )


def proposals_folder(model_id: str) -> Path:
    """Where a model's proposals stand."""
    return home() / "interviews" / model_id


def proposals_exist(model_id: str, design_digest: str) -> bool:
    """Whether the held-out answers of a design were read already."""
    try:
        text = (proposals_folder(model_id) / "codebook-proposals.json").read_text(encoding="utf-8")
        return bool(json.loads(text)["design_digest"] == design_digest)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_proposals(
    model_id: str, found: Proposals, *, design_digest: str, codebook_sha256: str, simulated: bool
) -> Path:
    """Write both forms; the JSON, which tells that it was done, last. Returns the folder."""
    folder = proposals_folder(model_id)
    page = as_markdown(model_id, found, codebook_sha256=codebook_sha256, simulated=simulated)
    body = as_json(
        found, design_digest=design_digest, codebook_sha256=codebook_sha256, simulated=simulated
    )
    for name, text in (("codebook-proposals.md", page), ("codebook-proposals.json", body)):
        write_atomically(folder / name, text.encode())
    return folder
