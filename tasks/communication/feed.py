"""The lifecycle feed, in the model-eol 0.1 format (github.com/thossullivan/model-eol, SPEC.md)."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tasks.communication.public import PublicModel, one_line
from tasks.kernel.digests import digest_of
from tasks.kernel.labels import SIMULATED

SPEC = "model-eol/0.1"
_FORMAT = 2  # raised when the same models would give another feed
_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,255}")
_OWN_API = "api"
_LONGEST_NOTE = 4096


def feed_basis(models: Sequence[PublicModel], publisher: str) -> str:
    """Digest of all that the feed rests on."""
    rows = [asdict(model) for model in models]
    return digest_of({"format": _FORMAT, "publisher": publisher, "models": rows})


def feed_bytes(models: Sequence[PublicModel], publisher: str, generated: str) -> bytes:
    """The feed as JSON, UTF-8.

    Args:
        models: all that are public, by id.
        publisher: who publishes.
        generated: RFC 3339 instant from which on this was so.
    """
    feed: dict[str, Any] = {"spec": SPEC, "publisher": publisher, "generated": generated}
    if any(model.simulated for model in models):
        feed["note"] = f"{SIMULATED}: entries that say so come from a simulation."
    feed["models"] = _entries(models)
    return (json.dumps(feed, indent=2, ensure_ascii=False) + "\n").encode()


def _entries(models: Sequence[PublicModel]) -> list[dict[str, Any]]:
    """One entry a model; a name stands once in a feed, with the model that claims it first.

    A model's own id is claimed by no other, so that each of them has a name left.
    """
    reserved = {model.model_id for model in models}
    taken: set[str] = set()
    ids = []
    for model in models:
        free = [
            n for n in model.names if _usable(n) and n not in taken | reserved - {model.model_id}
        ]
        ids.append(free[0] if free else model.model_id)
        taken.add(ids[-1])
    found = []
    for model, own in zip(models, ids, strict=True):
        names = dict.fromkeys((*model.names, model.model_id))
        closed = taken | reserved - {model.model_id}
        aliases = [name for name in names if _usable(name) and name not in closed]
        taken.update(aliases)
        found.append(_entry(model, own, aliases))
    return found


def _entry(model: PublicModel, own: str, aliases: list[str]) -> dict[str, Any]:
    """A model's entry. A successor is an option, never `replacement`: that field promises that the
    name can be swapped without looking, and answers of another model differ."""
    dates = dict(model.told.dates)
    api = dates.pop(_OWN_API, "") or model.told.on("")
    entry: dict[str, Any] = {"id": own}
    if aliases:
        entry["aliases"] = aliases
    entry |= {"announced": model.announced_on, "shutdown": api}
    if model.legal_hold:
        entry["date_precision"] = "earliest"
    if _usable(model.successor):
        entry["replacement_options"] = [model.successor]
        entry["replacement_note"] = "Not a drop-in: try your own prompts on it before the last day."
    elif model.successor:
        entry["replacement_note"] = model.successor
    entry["notes"] = _notes(model)[:_LONGEST_NOTE]
    if model.help_url:
        entry["source"] = model.help_url
    if dates:
        entry["distributions"] = [
            _distribution(model, surface, day) for surface, day in sorted(dates.items())
        ]
    return entry


def _distribution(model: PublicModel, surface: str, day: str) -> dict[str, Any]:
    found = {"via": one_line(surface) or "-", "announced": model.announced_on, "shutdown": day}
    return found | ({"date_precision": "earliest"} if model.legal_hold else {})


def _notes(model: PublicModel) -> str:
    label = f"{SIMULATED}: no real model retires. " if model.simulated else ""
    hold = " A legal hold stands: nothing is withdrawn while it does." if model.legal_hold else ""
    return (
        f"{label}{model.display_name}: `shutdown` is the last day of service, counted in UTC."
        f"{hold} Questions: {model.contact}"
    )


def _usable(name: str) -> bool:
    return _MODEL_NAME.fullmatch(name) is not None
