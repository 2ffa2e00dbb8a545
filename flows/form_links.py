"""From a command that a person would type to the form that does the same, filled in so far.

An address is only given where the form is deployed on a server that outlives this process.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote

from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_UI_URL


@dataclass(frozen=True, slots=True)
class Form:
    """A deployment, and what its form is to hold at first.

    Attributes:
        deployment: as Prefect names it, flow and deployment.
        parameters: field -> value; other fields are left to the person.
    """

    deployment: str
    parameters: Mapping[str, str]


#: Words of a command after `emeritus` -> deployment, and the fields that its next words fill.
_FORMS = {
    ("approve",): ("approve-access/approve-access", ("model",)),
    ("review",): ("review-essay/review-essay", ("model", "action")),
    ("repair",): ("repair/repair", ("model",)),
    ("drill",): ("drill/drill", ("model",)),
    ("checklist", "show"): ("checklist/checklist", ("model",)),
    ("checklist", "close"): ("close-retirement/close-retirement", ("model",)),
    ("incidents", "show"): ("close-incident/close-incident", ("model", "incident")),
}
_OPTIONS = {"--slot": "slot"}


def form_of(command: str) -> Form | None:
    """The form of a command, or None where only the terminal does it. Pure."""
    words = shlex.split(command)[1:]
    for length in (1, 2):
        known = _FORMS.get(tuple(words[:length]))
        if known is None:
            continue
        deployment, fields = known
        given = dict(zip(fields, words[length:], strict=False))
        for option, field in _OPTIONS.items():
            if option in words[:-1]:
                given[field] = words[words.index(option) + 1]
        kept = {k: v for k, v in given.items() if not v.startswith("-") and not v.isupper()}
        return Form(deployment, MappingProxyType(kept))
    return None


def form_address(command: str) -> str:
    """Where a browser finds the form of a command, filled in; empty where there is none."""
    form = form_of(command)
    return "" if form is None else _address_of(form)


def _address_of(form: Form) -> str:
    base = PREFECT_UI_URL.value()
    if not base:
        return ""
    try:
        with get_client(sync_client=True) as client:
            found = client.read_deployment_by_name(form.deployment)
    except (PrefectException, OSError):
        return ""
    filled = quote(json.dumps(dict(form.parameters)))
    return f"{base.rstrip('/')}/v2/deployments/deployment/{found.id}/run?parameters={filled}"
