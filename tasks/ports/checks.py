"""What trying a place out found, one line for a person each."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was tried.

    Attributes:
        name: what, in a few words.
        state: `fail` where the configuration can't be carried out so; `warn` where it can, and a
            person should know.
        said: what was found, and how to mend it.
    """

    name: str
    state: State
    said: str
