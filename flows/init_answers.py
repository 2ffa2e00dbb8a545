"""What `emeritus init` has to know: answers, and how each is read from a person's words. Pure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from configs.errors import ConfigError

ANNOUNCED_TO_LAST_DAY = timedelta(days=120)
CODERS = ("claude-sonnet-5", "claude-haiku-4-5", "claude-opus-5")
_BUCKET = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<prefix>.*?)/?")
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who must be told."""

    name: str
    contact: str


@dataclass(frozen=True, slots=True)
class Replica:
    """A folder, or a bucket with a prefix."""

    name: str
    directory: str = ""
    bucket: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """All that the file is made from.

    Attributes:
        id: of the model; the file is named after it.
        name: for people.
        base_url: root of its endpoint.
        model: its name there.
        api_key_env: where its key is found; empty for the endpoint's default.
        announced_on: day on which users are told.
        retires_on: last day of service.
        owners: who gets notices.
        replicas: at least two.
        proposer: who proposes access decisions.
        source: folder of weights; empty for a model that is reached by API only.
        golden: file of golden prompts; empty for none.
        recipients: age public keys.
        trusted: whether folders may hold the model in plain.
        coders: models that code answers: two, and the adjudicator.
        coder_url: their endpoint; empty for the vendor's.
        coder_key_env: where its key is found; empty for the vendor's default.
        signers: the list of people who may sign.
        notice_days: shortest notice.
        successor: may be empty.
        risk_class: of keeping the model open.
        model_version: version or snapshot.
        licence: SPDX expression.
        samples: answers to each golden prompt.
    """

    id: str
    name: str
    base_url: str
    model: str
    api_key_env: str
    announced_on: date
    retires_on: date
    owners: tuple[Owner, ...]
    replicas: tuple[Replica, ...]
    proposer: str
    source: str = ""
    golden: str = ""
    recipients: tuple[str, ...] = ()
    trusted: bool = False
    coders: tuple[str, str, str] = CODERS
    coder_url: str = ""
    coder_key_env: str = ""
    signers: str = "allowed_signers"
    notice_days: int = 60
    successor: str = ""
    risk_class: str = "low"
    model_version: str = ""
    licence: str = "NOASSERTION"
    samples: int = 20


def checked_id(text: str) -> str:
    """A model's id.

    Raises:
        ConfigError: it is none.
    """
    if not _ID.fullmatch(text):
        raise ConfigError(
            f"the id {text!r} can't be used; write small letters, digits, dots and hyphens, "
            "such as birch-7b"
        )
    return text


def day(text: str) -> date:
    """A day of the calendar.

    Raises:
        ConfigError: it is none.
    """
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(f"{text!r} is no day of the calendar; write it as 2027-06-30") from None


def owner(text: str) -> Owner:
    """`NAME=EMAIL`, or an address alone.

    Raises:
        ConfigError: there is no address in it.
    """
    name, _, contact = text.strip().rpartition("=")
    name, contact = name.strip() or contact.strip(), contact.strip()
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", contact):
        raise ConfigError(
            f"the owner {text!r} has no address; write Search team=search@example.org"
        )
    return Owner(name, contact)


def replica(text: str, number: int) -> Replica:
    """A folder, or `s3://bucket/prefix`.

    Args:
        text: what the person wrote.
        number: from 1; makes its name.

    Raises:
        ConfigError: nothing is named.
    """
    name, text = f"replica-{number}", text.strip()
    if text.startswith("s3://"):
        found = _BUCKET.fullmatch(text)
        if found is None:
            raise ConfigError(f"the replica {text!r} names no bucket; write s3://bucket/prefix")
        return Replica(name, bucket=found["bucket"], prefix=found["prefix"])
    if not text:
        raise ConfigError("a replica needs a place; name a folder, or s3://bucket/prefix")
    return Replica(name, directory=text)


def check(answers: Answers) -> None:
    """Refuse what can't be, in a sentence for whoever answered.

    Raises:
        ConfigError: see there.
    """
    checked_id(answers.id)
    notice = (answers.retires_on - answers.announced_on).days
    if notice < answers.notice_days:
        earliest = answers.announced_on + timedelta(days=answers.notice_days)
        raise ConfigError(
            f"the last day {answers.retires_on} is {notice} days after the announcement on "
            f"{answers.announced_on}, and {answers.notice_days} are the shortest notice; name "
            f"{earliest} or a later day, or another --notice-days"
        )
    if len(answers.replicas) < 2:
        raise ConfigError(
            "one copy is none; name two replicas or more, on different disks or sites"
        )
    if not answers.owners:
        raise ConfigError(
            "nobody would be told; name an owner, such as Search team=search@example.org"
        )
    plain = answers.trusted and not any(one.bucket for one in answers.replicas)
    if not plain and len(set(answers.recipients)) < 2:
        raise ConfigError(
            "copies outside trusted disks are encrypted, for two age keys or more; name them with "
            "--recipient (`age-keygen` makes one), or say --trusted where all replicas are folders "
            "that may hold the model in plain"
        )


def default_file(model_id: str) -> Path:
    """Where a model's file stands, in the checkout."""
    return Path("configs") / "models" / f"{model_id}.yaml"
