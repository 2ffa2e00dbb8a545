"""Recorded prompts asked of an endpoint: which calls are left, and how one of them is made.

Golden prompts before packaging, a drill, and replays ask alike: each call is a fresh conversation,
an answer is `asked` from before its call until it comes, and what is no message at all (`failed`)
is asked again by at most two later passes. Every other outcome stays as it came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from configs.schema.golden import GoldenPrompt
from tasks.kernel.errors import EndpointBusy, EndpointFault
from tasks.ports.respondent import Answer, Question, Respondent

MOST_TRIES = 3
ASKED, FAILED = "asked", "failed"


@dataclass(frozen=True, slots=True)
class Call:
    """One fresh conversation to be held.

    Attributes:
        prompt: what is asked.
        sample: which of the prompt's answers, from 0.
    """

    prompt: GoldenPrompt
    sample: int


class Recorded(Protocol):
    """What a row of any kind says of one call."""

    prompt: str
    sample: int
    outcome: str
    tries: int


def calls_left(
    prompts: Sequence[GoldenPrompt], samples: int, answers: Iterable[Recorded]
) -> tuple[Call, ...]:
    """The calls still to be made, those that failed before last.

    Sample by sample over all prompts: whatever stops the asking, prompts have as many answers as
    one another, but for one.

    Args:
        prompts: what is asked.
        samples: answers wanted for each prompt.
        answers: those recorded for these prompts.
    """
    found = {(answer.prompt, answer.sample): answer for answer in answers}
    fresh: list[Call] = []
    again: list[Call] = []
    for sample in range(samples):
        for prompt in prompts:
            answer = found.get((prompt.id, sample))
            if answer is None or answer.outcome == ASKED:
                fresh.append(Call(prompt, sample))
            elif answer.outcome == FAILED and answer.tries < MOST_TRIES:
                again.append(Call(prompt, sample))
    return (*fresh, *again)


def spent(answers: Iterable[Recorded]) -> int:
    """Calls made for these answers, those without an answer too."""
    return sum(answer.tries for answer in answers)


async def ask_prompt(
    respondent: Respondent, prompt: GoldenPrompt, *, named: str = "golden prompt"
) -> Answer:
    """Ask it once, in a fresh conversation.

    Args:
        respondent: who is asked.
        prompt: what is asked.
        named: what a fault calls the prompt.

    Raises:
        EndpointBusy: no answer now; another try may bring one.
        EndpointFault: the endpoint refuses the call as it stands; the prompt is named.
    """
    try:
        return await respondent.ask(Question((prompt.text,), prompt.max_tokens, prompt.system))
    except EndpointBusy:
        raise
    except EndpointFault as error:  # it may be this prompt alone that the endpoint refuses
        said = f"{named} {prompt.id}: {error}"
        raise EndpointFault(said, status=error.status, until=error.until) from None


def host_of(base_url: str) -> str:
    """An address's host and port alone: credentials, a path or a query may hold a key."""
    return urlsplit(base_url).netloc.rpartition("@")[2]
