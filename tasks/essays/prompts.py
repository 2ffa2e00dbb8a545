"""The prompts: a small set that takes turns; all of it is disclosed."""

from functools import cache

from pydantic import Field

from configs.home import CHECKOUT
from configs.load import load_as
from configs.schema.base import Section
from tasks.essays.policy import VETO_REASONS

PROMPTS = CHECKOUT / "configs" / "templates" / "essays" / "prompts.yaml"


class Invitation(Section):
    """One way to invite an essay."""

    id: str = Field(min_length=1, max_length=40, description="Name, for people.")
    text: str = Field(pattern=r"\bessay\b", max_length=1000, description="The invitation.")


class Prompts(Section):
    """`configs/templates/essays/prompts.yaml`."""

    preamble: str = Field(min_length=20, max_length=2000, description="What the model is told.")
    closing: str = Field(min_length=20, max_length=1000, description="Form, and leave to decline.")
    change: str = Field(
        pattern=r"\{reason\}[^$]*\{rationale\}",
        max_length=2000,
        description="How a reviewer's request for a change is put to the model.",
    )
    invitations: tuple[Invitation, ...] = Field(min_length=1, description="They take turns.")


def prompt_for(number: int, *, display_name: str, max_output_tokens: int) -> str:
    """The whole prompt of slot `number` (from 1).

    Raises:
        ConfigError: prompts.yaml can't be used.
    """
    prompts = _prompts()
    invitation = prompts.invitations[(number - 1) % len(prompts.invitations)].text
    whole = "\n\n".join((prompts.preamble, invitation, prompts.closing))
    words = max(20, max_output_tokens // 2)  # a word takes fewer than two tokens
    return whole.replace("{display_name}", display_name).replace("{words}", str(words))


def change_prompt(reason: str, rationale: str) -> str:
    """A reviewer's request as the model reads it.

    Args:
        reason: from `policy.VETO_REASONS`.
        rationale: the reviewer's own words, which stay the reviewer's: they are quoted.

    Raises:
        ConfigError: prompts.yaml can't be used.
    """
    quoted = "\n".join(f"> {line}".rstrip() for line in rationale.splitlines())
    told = VETO_REASONS[reason]
    return "\n\n".join(
        part.strip().replace("{reason}", told).replace("{rationale}", quoted)
        for part in _prompts().change.split("\n\n")
    )


@cache
def _prompts() -> Prompts:
    return load_as(Prompts, PROMPTS)
