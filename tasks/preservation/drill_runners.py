"""Runs golden prompts: on a restored folder with numpy, or on an endpoint that serves it."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from configs.schema.endpoint import EndpointConfig
from configs.schema.golden import GoldenPrompt, GoldenPrompts
from tasks import wiring
from tasks.kernel.concurrency import each
from tasks.ports.recorded_prompts import ask_prompt, host_of
from tasks.ports.respondent import Answer
from tasks.preservation.drill import Output, Ran


def run_numpy(folder: Path, golden: GoldenPrompts) -> Ran:
    """Load a restored folder and continue each prompt greedily, on this machine. Reads only.

    A prompt is plain text, its system prompt and a blank line before it; no chat template is
    applied. Whoever records outputs elsewhere gives the model the same text (with a template's
    special tokens written out, if it is to have them). As many tokens are made as were recorded;
    where none were, as many as the prompt allows.

    Raises:
        DrillFailed: the folder holds no model that this runner can run, and why.
    """
    from tasks.preservation.numpy_llama import NumpyLlama  # numpy and tokenizers: 25 MB, 0.2 s
    from tasks.preservation.numpy_stack import stack

    model = NumpyLlama(folder)
    recorded = {one.prompt: one for one in golden.recorded.outputs} if golden.recorded else {}
    outputs = []
    for prompt in golden.prompts:
        known = recorded.get(prompt.id)
        length = len(known.tokens) if known and known.tokens else prompt.max_tokens
        made = model.generate(model.encode(plain_text(prompt)), length)
        text = model.decode(made.tokens)
        outputs.append(Output(prompt.id, made.tokens, text, made.logits_sha256))
    return Ran("numpy", stack(), tuple(outputs), simulated=model.simulated)


def plain_text(prompt: GoldenPrompt) -> str:
    """What a model without a chat template is given."""
    return f"{prompt.system}\n\n{prompt.text}" if prompt.system else prompt.text


def run_endpoint(
    endpoint: EndpointConfig, golden: GoldenPrompts, answers: Mapping[str, Sequence[str]]
) -> Ran:
    """Ask each prompt once of an endpoint, `endpoint.concurrency` at a time.

    Nothing is recorded here: a drill that is killed asks again, one call a prompt.

    Args:
        endpoint: where the restored model is served.
        golden: what is asked.
        answers: texts that were recorded before packaging, whole or cut off, by prompt id.

    Raises:
        EndpointBusy: it can't answer now; a later drill may.
        EndpointFault: it refuses a call as it stands.
    """
    given = asyncio.run(_ask_all(endpoint, golden.prompts))
    served = dict.fromkeys(answer.served_model for answer in given if answer.served_model)
    asked_of = {
        "endpoint": host_of(endpoint.base_url),
        "model": endpoint.model,
        "served_model": ", ".join(served) or "untold",
    }
    outputs = tuple(
        Output(prompt.id, text=answer.text, problem=_problem(answer))
        for prompt, answer in zip(golden.prompts, given, strict=True)
    )
    simulated = endpoint.simulated or any(answer.simulated for answer in given)
    return Ran("endpoint", asked_of, outputs, dict(answers), simulated)


async def _ask_all(endpoint: EndpointConfig, prompts: Sequence[GoldenPrompt]) -> list[Answer]:
    respondent = wiring.respondent(endpoint)
    answers: dict[str, Answer] = {}

    async def one(prompt: GoldenPrompt) -> None:
        answers[prompt.id] = await ask_prompt(respondent, prompt)

    try:
        await each(prompts, one, at_once=endpoint.concurrency)
    finally:
        await respondent.aclose()
    return [answers[prompt.id] for prompt in prompts]


def _problem(answer: Answer) -> str:
    """Why an answer can't be compared; a cut-off text can, since golden answers are cut too."""
    if answer.outcome in ("answered", "truncated"):
        return ""
    return answer.problem if answer.outcome == "failed" else f"the answer is {answer.outcome}"
