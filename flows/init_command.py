"""`emeritus init`: flags first; on a terminal the rest is asked, each question with its reason."""

import getpass
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from configs.errors import ConfigError
from configs.home import CHECKOUT, under_home
from configs.load import PEOPLE
from flows import init_answers as answering
from flows.init_answers import Answers

_T = TypeVar("_T")
_GOLDEN = CHECKOUT / "configs" / "golden" / "example.yaml"

File = Annotated[
    Path | None, typer.Argument(help="The file to write; configs/models/ID.yaml if left out.")
]
Id = Annotated[str, typer.Option("--id", help="The model's id, such as birch-7b.")]
Name = Annotated[str, typer.Option(help="The model's name for people.")]
BaseUrl = Annotated[str, typer.Option(help="Root of its endpoint, without /v1.")]
ModelName = Annotated[str, typer.Option("--model", help="Its name at the endpoint.")]
KeyRef = Annotated[
    str,
    typer.Option(help="Where its key is: a variable's name, file:PATH or block:NAME. Not the key."),
]
Day = Annotated[str, typer.Option(help="A day, as 2027-06-30.")]
Owners = Annotated[
    list[str] | None, typer.Option("--owner", help="NAME=EMAIL of who must be told; repeatable.")
]
Source = Annotated[
    str, typer.Option(help="Folder of the weights; `none` for a model that is reached by API only.")
]
Replicas = Annotated[
    list[str] | None, typer.Option("--replica", help="A folder, or s3://bucket/prefix; twice.")
]
Recipients = Annotated[
    list[str] | None, typer.Option("--recipient", help="age public key that can decrypt; twice.")
]
Trusted = Annotated[
    bool, typer.Option("--trusted", metavar="", help="The folders may hold the model in plain.")
]
Golden = Annotated[
    str, typer.Option(help="File of golden prompts; by default the example, without weights only.")
]
Coders = Annotated[
    list[str] | None, typer.Option("--coder", help="Model that codes answers; three times.")
]
Proposer = Annotated[str, typer.Option(help="Who proposes access decisions.")]
Signers = Annotated[
    list[str] | None,
    typer.Option("--signer", help="NAME=PUBLIC-KEY-FILE of who may sign; repeatable."),
]
SignersFile = Annotated[
    str, typer.Option("--signers", help="The list of people; relative to configs/people/.")
]
Yes = Annotated[
    bool, typer.Option("--yes", metavar="", help="Ask nothing; take defaults for the rest.")
]
Force = Annotated[bool, typer.Option("--force", metavar="", help="Replace a file that is there.")]


def init(
    file: File = None,
    model_id: Id = "",
    name: Name = "",
    base_url: BaseUrl = "",
    model: ModelName = "",
    api_key_env: KeyRef = "",
    announced_on: Day = "",
    retires_on: Day = "",
    notice_days: Annotated[int, typer.Option(min=0, help="Shortest notice, in days.")] = 60,
    owner: Owners = None,
    source: Source = "",
    replica: Replicas = None,
    recipient: Recipients = None,
    trusted: Trusted = False,
    golden: Golden = "",
    model_version: Annotated[str, typer.Option(help="Version or snapshot.")] = "",
    licence: Annotated[str, typer.Option(help="SPDX expression.")] = "NOASSERTION",
    successor: Annotated[str, typer.Option(help="Model that users are pointed to.")] = "",
    risk_class: Annotated[str, typer.Option(help="Of keeping it open.")] = "low",
    coder: Coders = None,
    coder_url: Annotated[str, typer.Option(help="The coders' endpoint.")] = "",
    coder_key_env: KeyRef = "",
    proposer: Proposer = "",
    signer: Signers = None,
    signers: SignersFile = "allowed_signers",
    yes: Yes = False,
    force: Force = False,
) -> None:
    """Write a commented configuration of one model's retirement, which passes all checks.

    Flags answer; on a terminal the rest is asked, and each question says why. Nothing is written
    over an existing file, and nothing at all where an answer can't be used.
    """
    from flows.init import add_signer, write
    from tasks import wiring

    ask = _Asker(silent=yes or not _is_terminal())
    known = model_id or (file.stem if file is not None else "")
    model_id = ask("--id", known, _ID, str, answering.checked_id)
    name = ask("--name", name, _NAME, str, str, default=model_id)
    base_url = ask("--base-url", base_url, _URL, str, str, default="http://127.0.0.1:8000")
    model = ask("--model", model, _MODEL, str, str, default=model_id)
    key = ask("--api-key-env", api_key_env, _KEY, str, str, default=_variable(model_id))
    today = wiring.clock().now().date()
    announced = answering.day(announced_on) if announced_on else today
    last = (announced + answering.ANNOUNCED_TO_LAST_DAY).isoformat()
    retires = ask("--retires-on", retires_on, _LAST, str, answering.day, default=last)
    owners = ask("--owner", owner, _OWNER, _one_or_more, _each(answering.owner))
    weights = ask("--source", source, _SOURCE, str, str, default="none")
    places = ask("--replica", replica, _REPLICA, _one_or_more, _replicas)
    keys = tuple(recipient or ())
    if not keys and not trusted and not any(place.bucket for place in places):
        trusted = ask.yes(_TRUSTED)
    if len(keys) < 2 and not trusted:
        keys = ask("--recipient", keys, _RECIPIENT, _one_or_more, tuple)
    person = ask("--proposer", proposer, _PROPOSER, str, str, default=_user())
    held = "" if weights == "none" else _placed(weights)
    coders = tuple(coder or answering.CODERS)
    if len(coders) != 3:
        raise ConfigError("three models code: two, and one where they disagree; say --coder thrice")
    answers = Answers(
        model_id, name, base_url, model, key, announced, retires, owners, places, person,
        source=held, golden=golden or ("" if held else str(_GOLDEN)), recipients=tuple(keys),
        trusted=trusted, coders=(coders[0], coders[1], coders[2]), coder_url=coder_url,
        coder_key_env=coder_key_env, signers=signers, notice_days=notice_days,
        successor=successor, risk_class=risk_class, model_version=model_version, licence=licence,
    )  # fmt: skip
    path = file or answering.default_file(model_id)
    people = [_signer(text) for text in signer or ()]
    write(answers, path, force=force)
    typer.echo(f"{path} is written; it passes, and its comments say what else can be set")
    for who, public_key in people:
        added = add_signer(who, public_key, Path(signers))
        typer.echo(f"{who} {'may sign from now on' if added else 'could sign already'} ({signers})")
    _what_next(answers, path)


_ID = "What is the model's id? Records, folders and commands call it so, for good."
_NAME = "What is its name for people? It stands in letters and on pages."
_URL = "Where does it answer? The root of an API in the Anthropic Messages format, such as vLLM's."
_MODEL = "What is it called there?"
_KEY = (
    "Where is its key? The name of an environment variable, file:PATH or block:NAME; not the key."
)
_LAST = (
    "What is its last day of service? Notices count back from it, and nobody gets a shorter one."
)
_OWNER = "Who must be told? NAME=EMAIL, several with commas."
_SOURCE = (
    "Where are its weights? A folder, only ever read; `none` keeps a snapshot of answers alone."
)
_REPLICA = (
    "Where are copies kept? Two or more, with commas: folders on different disks, s3://bucket/x."
)
_TRUSTED = (
    "May these folders hold the model in plain? If not, it is encrypted for two people's keys."
)
_RECIPIENT = "Who can decrypt? Two age public keys or more, with commas (`age-keygen` makes one)."
_PROPOSER = "Who proposes who keeps access? Two other people have to sign it."


class _Asker:
    """Takes a flag's value, asks a person, or says which flag is missing."""

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent

    def __call__(
        self,
        flag: str,
        given: object,
        question: str,
        split: Callable[[str], object],
        read: Callable[..., _T],
        default: str = "",
    ) -> _T:
        """One answer.

        Args:
            flag: for the sentence where nobody can be asked.
            given: the flag's value; empty to ask.
            question: with its reason.
            split: a typed text as a flag would give it.
            read: that, as it is needed; raises `ConfigError`.
            default: what Return alone says; none if empty.

        Raises:
            ConfigError: a flag's value can't be used, or nobody can be asked for it.
        """
        if given:
            return read(given)
        if self._silent:
            if not default:
                raise ConfigError(f"{flag} is missing: {question}")
            return read(default)
        while True:
            typed = typer.prompt(question, default=default or None, prompt_suffix="\n> ")
            try:
                return read(split(typed))
            except ConfigError as error:
                typer.echo(str(error), err=True)

    def yes(self, question: str) -> bool:
        """A yes or no; no where nobody can be asked."""
        return not self._silent and typer.confirm(question, default=False, prompt_suffix="\n> ")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _one_or_more(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _each(read: Callable[[str], _T]) -> Callable[[list[str]], tuple[_T, ...]]:
    return lambda texts: tuple(read(text) for text in texts)


def _replicas(texts: list[str]) -> tuple[answering.Replica, ...]:
    found = tuple(answering.replica(text, number) for number, text in enumerate(texts, start=1))
    if len(found) < 2:
        raise ConfigError("one copy is none; name two places or more")
    return found


def _placed(folder: str) -> str:
    """A folder that is here and not under EMERITUS_HOME is named whole."""
    path = Path(folder).expanduser()
    return str(path.resolve()) if path.exists() and not under_home(path).exists() else str(path)


def _signer(text: str) -> tuple[str, Path]:
    name, _, file = text.partition("=")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@+-]*", name) or not file:
        raise ConfigError(f"the signer {text!r} can't be used; write alice=~/.ssh/id_ed25519.pub")
    return name, Path(file).expanduser()


def _variable(model_id: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", f"MODEL_{model_id}".upper()).strip("_") + "_API_KEY"


def _user() -> str:
    try:
        user = re.sub(r"[^A-Za-z0-9._@+-]", "", getpass.getuser()).lstrip("._@+-")
    except (KeyError, OSError):  # a container's user may have no name
        user = ""
    return user or "proposer"


def _what_next(answers: Answers, path: Path) -> None:
    shown = shlex.quote(str(path))
    typer.echo("\nNext:")
    if answers.api_key_env and ":" not in answers.api_key_env:
        typer.echo(
            f"  export {answers.api_key_env}=...     # the endpoint's key; any text, if none"
        )
    for command, why in (
        ("doctor", "tries everything that it relies on, and says how to mend what is wrong"),
        ("plan", "what would be done and what it costs, before anything is"),
        ("retire", "one pass: what is due now, and what it waits for"),
    ):
        typer.echo(f"  emeritus {command} {shown}     # {why}")
    typer.echo(f"\nWho may sign stands in {PEOPLE / answers.signers}.")
    typer.echo(
        "A line a person: the name, then their .pub file's line; `--signer alice=FILE.pub` adds "
        "one.\nTwo besides the proposer have to sign before anybody gets access."
    )
