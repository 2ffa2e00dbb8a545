"""The text in every bag that tells a stranger how to restore it, and the list it goes by."""

import shlex
from collections.abc import Mapping, Sequence

from configs.schema.preservation import Form
from configs.templating import fill

_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r"})


def restore_guide(
    *,
    form: Form,
    bag: str,
    model_id: str,
    display_name: str,
    recipients: Sequence[str],
    fetch: bool,
    simulated: bool,
) -> bytes:
    """RESTORE.md: how to check, restore and use a bag with common tools alone.

    Args:
        form: how the bag holds the payload.
        bag: its name.
        model_id: the model's id.
        display_name: its name for people.
        recipients: age public keys that can open it; empty unless the form is `age`.
        fetch: whether some copy of the bag comes with a fetch.txt.
        simulated: whether a simulation made what is kept.

    Returns:
        Markdown in UTF-8.

    Raises:
        ConfigError: the template can't be used.
    """
    text = fill(
        "preservation",
        "RESTORE.md.j2",
        {
            "form": form.value,
            "bag": bag,
            "model_id": model_id,
            "display_name": " ".join(display_name.split()),
            "recipients": recipients,
            "fetch": fetch,
            "simulated": simulated,
            "folder": shlex.quote(f"./{bag}"),
            "destination": shlex.quote(f"./{model_id}"),
        },
    )
    return text.encode()


def render_checksums(digests: Mapping[str, str]) -> bytes:
    """What `sha256sum` prints for files, sorted by path, so that `sha256sum -c` reads it.

    A name with a backslash or a line break is escaped as `sha256sum` does it. A file `-` stands as
    `./-`, since `sha256sum -c` would read its standard input for it.

    Args:
        digests: path relative to the folder -> SHA-256 in hex.
    """
    return "".join(_line(path, digest) for path, digest in sorted(digests.items())).encode()


def _line(path: str, digest: str) -> str:
    shown = "./-" if path == "-" else path
    escaped = shown.translate(_ESCAPES)
    return f"{'' if escaped == shown else chr(92)}{digest}  {escaped}\n"
