"""Coders' prompts, from configs/templates/validation."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from configs.errors import ConfigError
from configs.home import CHECKOUT
from tasks.validation.codebook import POLARITIES

TEMPLATES = CHECKOUT / "configs" / "templates" / "validation"


def system_prompt(template: str) -> str:
    """A coder's system prompt. A template may use `polarities`; nothing of the interview.

    Raises:
        ConfigError: there is no such template, or it can't be filled in.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # a prompt in Markdown, and nothing foreign is filled in
        keep_trailing_newline=False,
    )
    try:
        return environment.get_template(template).render(polarities=POLARITIES).strip()
    except TemplateError as error:
        raise ConfigError(
            f"{TEMPLATES / template}: can't be used: {error}; mend the template, or its name "
            "under validation in the configuration"
        ) from None
