"""Coders' prompts, from configs/templates/validation."""

from configs.templating import fill
from tasks.validation.codebook import POLARITIES


def system_prompt(template: str) -> str:
    """A coder's system prompt. A template may use `polarities`; nothing of the interview.

    Raises:
        ConfigError: there is no such template, or it can't be filled in.
    """
    return fill("validation", template, {"polarities": POLARITIES}).strip()
