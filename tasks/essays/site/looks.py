"""What the site looks like: style sheet, type and icon, and a digest of all that shapes pages."""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from configs.templating import TEMPLATES
from tasks.kernel.digests import digest_of, sha256_hex

STYLE, ICON, FONTS = "style.css", "icon.svg", "fonts"

_FOLDER = TEMPLATES / "essays"
_NOT_SHOWN = (
    "review",
    "handbook",
    "post.",
    "to_post",
    "prompts",
)  # templates of what is no page of the site
_BELOW = ("feedgen", "jinja2", "markdown-it-py", "nh3")


def assets() -> dict[str, Callable[[], bytes]]:
    """Path on the site -> how its bytes are read; what pages need to look right."""
    paths = [STYLE, ICON, *(f"{FONTS}/{file.name}" for file in sorted((_FOLDER / FONTS).iterdir()))]
    return {path: (_FOLDER / path).read_bytes for path in paths}


def looks() -> str:
    """Digest of templates, of the code that fills them, and of the libraries below it.

    A change of any of them makes every page anew.
    """
    files = [p for p in _FOLDER.rglob("*") if p.is_file() and not p.name.startswith(_NOT_SHOWN)]
    here = Path(__file__).parent
    files += [*here.glob("*.py"), *(here.parent / name for name in _SHARED)]
    read = sorted((path.name, sha256_hex(path.read_bytes())) for path in files)
    return digest_of([read, [(name, version(name)) for name in _BELOW]])


_SHARED = (
    "markup.py",
    "pages.py",
    "characters.py",
    "provenance.py",
    "policy.py",
    "transparency.py",
)
