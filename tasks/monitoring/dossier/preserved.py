"""The dossier's section on preserved copies, made from what the records hold. Pure."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from tasks.adapters.signing_keys import fingerprint
from tasks.monitoring import words
from tasks.monitoring.dossier.holdings import Dossier
from tasks.monitoring.words import moment
from tasks.records.preservation import Package, PreservationEvent, Replica

EVENTS_SHOWN = 50
_DRILL = "restore drill"
_SUCCESS = "success"


def packages_of(held: Dossier) -> list[dict[str, Any]]:
    """Every package with its replicas, what is damaged of it, and its last restore drill."""
    return [_package(held, package) for package in held.packages]


def events_of(held: Dossier) -> dict[str, Any]:
    """The newest preservation events first, at most `EVENTS_SHOWN`, and how many came before."""
    newest = list(islice(reversed(held.events), EVENTS_SHOWN))
    agents = sorted({event.agent for event in newest})
    several = len(held.packages) > 1
    return {
        "rows": [
            {
                "at": moment(event.at),
                "what": words.event(event.kind, event.replica),
                "outcome": event.outcome,
                "detail": event.detail,
                "package": event.package_id[:12] if several else "",
                "agent": event.agent if len(agents) > 1 else "",
            }
            for event in newest
        ],
        "agent": agents[0] if len(agents) == 1 else "",
        "earlier": len(held.events) - len(newest),
    }


def _package(held: Dossier, package: Package) -> dict[str, Any]:
    replicas = [replica for replica in held.replicas if replica.package_id == package.id]
    damaged = [replica.name for replica in replicas if replica.state == "damaged"]
    return {
        "digest": package.id,
        "bag": package.bag,
        "files": f"{package.files:,}",
        "size": words.size(package.bytes),
        "created": moment(package.created_at),
        "key": fingerprint(package.public_key) if package.public_key else "",
        "recipients": list(dict.fromkeys(_recipients(held, replicas))),
        "replicas": [_replica(held, replica) for replica in replicas],
        "damaged": damaged,
        "whole": [replica.name for replica in replicas if replica.state == "verified"],
        "in_force": package is _in_force(held),
        "drill": _drill(held.events, package),
    }


def _in_force(held: Dossier) -> Package | None:
    """The package that passes care for: the last one of which a replica stands."""
    kept = {replica.package_id for replica in held.replicas}
    return next((package for package in reversed(held.packages) if package.id in kept), None)


def _recipients(held: Dossier, replicas: Sequence[Replica]) -> Iterator[str]:
    for replica in replicas:
        if edition := held.editions.get(replica.edition_id):
            yield from edition.recipients


def _replica(held: Dossier, replica: Replica) -> dict[str, str]:
    edition = held.editions.get(replica.edition_id)
    if edition is not None:
        form = words.form(edition.form, len(edition.recipients))
    else:  # replicas of before editions were kept hold the files as they were
        form = "not recorded" if replica.edition_id else words.form("files")
    return {
        "name": replica.name,
        "form": form,
        "shares": "yes" if replica.fetch else "",
        "location": replica.location,
        "state": replica.state,
        "verified": moment(replica.verified_at),
        "sampled": moment(replica.sampled_at) if replica.sampled_at else "none",
        "problem": replica.problem,
    }


def _drill(events: Sequence[PreservationEvent], package: Package) -> dict[str, str] | None:
    for event in reversed(events):
        if event.kind == _DRILL and event.package_id == package.id:
            return {
                "at": moment(event.at),
                "outcome": "passed" if event.outcome == _SUCCESS else "failed",
                "said": event.detail,
            }
    return None
