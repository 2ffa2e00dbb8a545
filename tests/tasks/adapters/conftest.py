"""A replica's folder on a disk of its own."""

from pathlib import Path

import pytest

from tasks.adapters.directory_archive import DirectoryArchive


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "disk" / "replica"


@pytest.fixture
def archive(folder: Path) -> DirectoryArchive:
    return DirectoryArchive("a", folder)
