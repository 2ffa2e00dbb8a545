"""What every configuration model shares: frozen, closed, and strict."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a configuration file.

    Frozen, so that what was checked is what runs; unknown fields are refused, so that a
    misspelt guardrail is an error and not a guardrail that is off.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=False)
