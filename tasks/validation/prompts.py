"""Coders' prompts, from configs/templates/validation."""

from collections.abc import Sequence

from configs.schema.instrument import Theme
from configs.templating import fill
from tasks.validation.codebook import POLARITIES


def system_prompt(template: str, themes: Sequence[Theme]) -> str:
    """A coder's system prompt, the same for every answer.

    A template may use `polarities` and `themes`, the codebook's entries; nothing of the interview.

    Raises:
        ConfigError: there is no such template, or it can't be filled in.
    """
    return fill("validation", template, {"polarities": POLARITIES, "themes": themes}).strip()
