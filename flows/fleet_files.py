"""A fleet's files for looking at: configurations as a pass would read them, from any source."""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from configs.errors import ConfigError
from configs.load import load_retirement
from configs.schema import RetirementConfig
from flows.fleet_source import read_at
from tasks.adapters.git_repository import Folder

_ID = re.compile(r"^id:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FleetFiles:
    """What a folder, a working tree or a commit holds.

    Attributes:
        name: where they come from, for people.
        commit: empty where no git tells.
        loaded: model's id -> where its file stands, and what it says.
        invalid: name of a file, without its end -> where it stands, and why it can't be used.
    """

    name: str
    commit: str
    loaded: Mapping[str, tuple[str, RetirementConfig]]
    invalid: Mapping[str, tuple[str, str]]


def is_one_model(path: Path) -> bool:
    """Whether a file is a model's, which begins with its id; a fleet's settings have none."""
    try:
        return path.is_file() and bool(_ID.search(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError):
        return False  # whoever reads it as settings tells


def files_at(models: Path, ref: str = "") -> FleetFiles:
    """Read a fleet's files; changes nothing. See `fleet_source.read_at`.

    Raises:
        ConfigError, RepositoryUnusable: the files can't be read.
    """
    with read_at(models, ref) as (name, folder, below):
        return _loaded(name, folder, below)


def _loaded(name: str, folder: Folder, below: str) -> FleetFiles:
    """Read the files as a pass reads them, out of a folder that nobody else sees."""
    loaded: dict[str, tuple[str, RetirementConfig]] = {}
    invalid = {
        Path(one).stem: (f"{below}/{one}", f"{below}/{one}: {why}")
        for one, why in folder.problems.items()
    }
    with tempfile.TemporaryDirectory(prefix="emeritus-") as made:
        for one, data in folder.files.items():
            file, shown = Path(made, one), f"{below}/{one}"
            file.write_bytes(data)
            try:
                config = load_retirement(file)
            except ConfigError as error:
                invalid[file.stem] = shown, str(error).replace(f"{made}/", f"{below}/")
            else:
                loaded[config.id] = shown, config
    return FleetFiles(name, folder.commit, loaded, invalid)
