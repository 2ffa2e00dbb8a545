"""A researcher's application, as a YAML file, a form or a command hands it in."""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from configs.plain_text import hidden_in
from configs.schema.base import Section

#: HTML's pattern for an address, ASCII only: no list of addresses, no name, no line break.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z"
)
_LONGEST_ADDRESS = 254  # RFC 5321's path, without its brackets
LONGEST_WORDS = 4000


def check_address(text: str) -> str:
    """One e-mail address.

    Raises:
        ValueError: it is none.
    """
    if len(text) > _LONGEST_ADDRESS or not _ADDRESS.match(text):
        raise ValueError("is no e-mail address; write one, such as name@example.org")
    return text


def check_words(text: str, shortest: int, longest: int) -> str:
    """A text of several lines, in Unicode's composed form and without space around it.

    Raises:
        ValueError: empty, too short or too long, or with characters that nobody sees.
    """
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip()
    if not text:
        raise ValueError("is empty; say it in your own words")
    if len(text) < shortest:
        raise ValueError(f"has {len(text)} characters; say it in at least {shortest}")
    if len(text) > longest:
        raise ValueError(f"has {len(text)} characters; keep it to {longest}")
    hidden = hidden_in(text)
    if hidden:
        raise ValueError(f"holds an invisible character ({hidden}); write it without")
    return text


def check_line(text: str, longest: int) -> str:
    """A text of one line.

    Raises:
        ValueError: as `check_words`, or with a line break or a tab.
    """
    text = check_words(text, 1, longest)
    if "\n" in text or "\t" in text:
        raise ValueError("has more than one line, or a tab; write it on one line")
    return text


def _words(shortest: int) -> AfterValidator:
    return AfterValidator(_bound(check_words, shortest, LONGEST_WORDS))


def _line(longest: int) -> AfterValidator:
    return AfterValidator(_bound(check_line, longest))


def _bound(check: Callable[..., str], *limits: int) -> Callable[[str], str]:
    return lambda text: check(text, *limits)


def _check_renewed(text: str) -> str:
    if text and not re.fullmatch(r"[0-9a-f]{24}", text):
        raise ValueError(
            "is no application's id; write the 24 digits that its receipt names, or leave it out"
        )
    return text


class ApplicationForm(Section):
    """What an applicant says. Every text has a limit; what nobody sees is refused."""

    schema_version: Literal[1] = Field(description="Version of this file's format.")
    model: str = Field(max_length=63, description="The model's id, such as aster-1.")
    applicant: Annotated[str, _line(120)] = Field(description="Who applies: a person's full name.")
    contact: Annotated[str, AfterValidator(check_address)] = Field(
        description="E-mail address to which every answer goes."
    )
    affiliation: Annotated[str, _line(200)] = Field(
        description="Institution, or `independent`, and where that can be verified."
    )
    purpose: Annotated[str, _words(40)] = Field(
        description="The research question, and why it needs this model."
    )
    data_handling: Annotated[str, _words(40)] = Field(
        description="Where prompts and outputs are kept, who reads them, when they are deleted."
    )
    study_days: int = Field(ge=1, le=1095, description="Length of the study in days.")
    renews: Annotated[str, AfterValidator(_check_renewed)] = Field(
        default="", description="Id of your application whose grant this one would prolong."
    )
    affiliation_public: bool = Field(
        default=False,
        description="Whether the published figures may name your affiliation. Never your name.",
    )
