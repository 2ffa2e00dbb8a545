"""`emeritus init`: a commented configuration that passes, written whole or not at all."""

import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path

import yaml

from configs.errors import ConfigError
from configs.load import PEOPLE, load_retirement
from configs.strict_yaml import StrictYamlError, read_document
from configs.templating import fill
from flows.init_answers import Answers, check
from tasks import wiring
from tasks.adapters.allowed_signers import check_allowed_signers
from tasks.adapters.files import write_atomically
from tasks.adapters.ssh_public_keys import checked_key


def rendered(answers: Answers, today: date) -> str:
    """The file's text, which says that it was written today. Pure, but for the template."""
    values = {
        **asdict(answers),
        "today": today,
        "usage": f"usage/{answers.id}.csv",
        "model_version": answers.model_version or answers.model,
        "site_title": f"Essays by {answers.name}"[:120],
    }
    return fill("init", "retirement.yaml.j2", values, filters={"yaml": scalar})


def write(answers: Answers, file: Path, *, force: bool = False) -> None:
    """Write the file, which then loads and says what was answered.

    Args:
        answers: see there.
        file: where; its name has to be the id's.
        force: whether a file that is there is replaced.

    Raises:
        ConfigError: an answer can't be used, or a file stands there; nothing was written.
    """
    if file.name != f"{answers.id}.yaml":
        raise ConfigError(f"{file}: a model's file is named after its id; name {answers.id}.yaml")
    if file.exists() and not force:
        raise ConfigError(f"{file} is there already; name another, or replace it with --force")
    check(answers)
    text = rendered(answers, wiring.clock().now().date())
    _try(text, file.name)
    try:
        write_atomically(file, text.encode())
    except OSError as error:
        raise ConfigError(
            f"{file}: can't be written: {error.strerror}; name another place"
        ) from None


def add_signer(name: str, public_key: Path, file: Path) -> bool:
    """List a person among those who may sign. Safe to repeat.

    Args:
        name: the person's.
        public_key: their `.pub` file.
        file: the list; a relative path stands in configs/people/.

    Returns:
        False where the person stood there with this key already.

    Raises:
        ConfigError: it is no public key, or the list would let one person pass for two; nothing
            was written.
    """
    listed = PEOPLE / file
    kind, key = _public_key(public_key)
    if listed.exists():
        before = listed.read_text(encoding="utf-8")
        if any(name in e.names and e.key == key for e in check_allowed_signers(listed)):
            return False
    else:
        before = ""
    text = before + ("" if before.endswith("\n") or not before else "\n") + f"{name} {kind} {key}\n"
    with tempfile.TemporaryDirectory() as folder:
        tried = Path(folder) / listed.name
        tried.write_text(text, encoding="utf-8")
        try:
            check_allowed_signers(tried)
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(tried), str(listed))) from None
    write_atomically(listed, text.encode())
    return True


def scalar(value: object) -> str:
    """A text as YAML that every reader takes for that text: plain where it may stand so."""
    text = str(value)
    return text if _reads_as_itself(text) else _quoted(text)


def _reads_as_itself(text: str) -> bool:
    shown = f"a: {text} # c\nb: [{text}]\n"  # also in a list, where brackets and commas count
    same = {"a": text, "b": [text]}
    try:
        return read_document(shown).value == same and yaml.safe_load(shown) == same
    except (StrictYamlError, yaml.YAMLError, ValueError):
        return False


def _quoted(text: str) -> str:
    """Between double quotes, with escapes for all that does not print."""
    parts = []
    for c in text:
        if c in '"\\':
            parts.append(f"\\{c}")
        elif c.isprintable():
            parts.append(c)
        else:
            parts.append(f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\U{ord(c):08x}")
    return f'"{"".join(parts)}"'


def _try(text: str, name: str) -> None:
    """Load what would be written, from a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_text(text, encoding="utf-8")
        try:
            load_retirement(file)
        except ConfigError as error:
            first = str(error).splitlines()[0].removeprefix(f"{file}:").partition(": ")[2]
            raise ConfigError(f"{first}; nothing was written") from None


def _public_key(file: Path) -> tuple[str, str]:
    try:
        kind, key, *_ = file.expanduser().read_text(encoding="utf-8").split()
        return kind, checked_key(kind, key)
    except OSError as error:
        raise ConfigError(f"{file}: can't be read: {error.strerror}; name a .pub file") from None
    except ValueError as error:
        raise ConfigError(f"{file}: is no SSH public key ({error}); name a .pub file") from None
