"""How a configuration names a secret: never by its value."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

FILE: Final = "file:"
BLOCK: Final = "block:"
_VARIABLE = r"[A-Z][A-Z0-9_]*"  # no small letters: keys and passwords have some
_FILE = r"file:[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*"
_BLOCK = r"block:[a-z0-9][a-z0-9-]*"
_PATTERN = rf"^({_VARIABLE}|{_FILE}|{_BLOCK})?$"
_FORM = re.compile(_PATTERN)
#: Values that have a variable's form and are keys all the same.
_KEYS = re.compile(r"(AKIA|ASIA)[0-9A-Z]{16}")
_LONGEST = 4_096

#: Ends of fields' descriptions, so that each says the same.
HOW: Final = (
    "Name of the environment variable that holds it; or `file:PATH` for a file of yours with mode "
    "0600; or `block:NAME` for a Secret block in Prefect. Never the value itself."
)


def _checked(reference: str) -> str:
    if len(reference) > _LONGEST or not _FORM.fullmatch(reference) or _KEYS.fullmatch(reference):
        # the value is not repeated: somebody may have written the secret itself
        raise ValueError(
            "is no reference to a secret; write the name of an environment variable, `file:PATH` "
            "or `block:NAME`, and never the secret itself (what stood here is not shown)"
        )
    return reference


SecretReference = Annotated[
    str, AfterValidator(_checked), Field(json_schema_extra={"pattern": _PATTERN})
]


def told(reference: str) -> str:
    """What a reference points to, for a sentence: `the environment variable KEY`."""
    if reference.startswith(FILE):
        return f"the file {reference.removeprefix(FILE)}"
    if reference.startswith(BLOCK):
        return f"the Prefect Secret block {reference.removeprefix(BLOCK)!r}"
    return f"the environment variable {reference}"
