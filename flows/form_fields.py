"""The fields that forms share, with the names that a person reads beside them.

Prefect titles a field by its parameter, and takes its description from the docstring. A title set
here replaces the first. No field is `X | None`, which Prefect's forms show as a switch.
"""

from pathlib import Path
from typing import Annotated

from pydantic.fields import FieldInfo


def titled(title: str, *examples: str) -> FieldInfo:
    """What a form shows above a field; to be put into `Annotated`.

    Args:
        title: a word or two, as a person would say it.
        examples: values that could be typed.
    """
    shown = FieldInfo(json_schema_extra={"title": title})
    shown.examples = list(examples) or None
    return shown


ConfigFile = Annotated[Path, titled("Configuration file", "configs/models/aster-1.yaml")]
Fleet = Annotated[
    Path, titled("Fleet settings, or folder of models", "configs/fleet.yaml", "configs/models")
]
Model = Annotated[str, titled("Model", "aster-1")]
Person = Annotated[str, titled("Your name", "alice")]
Signature = Annotated[str, titled("Signature")]
Application = Annotated[str, titled("Application")]
Grant = Annotated[str, titled("Grant")]
TypedBy = Annotated[str, titled("Typed by")]
Slot = Annotated[str, titled("Slot of the essay")]
Words = Annotated[str, titled("In your own words")]
Evidence = Annotated[str, titled("Evidence")]
