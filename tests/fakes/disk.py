"""A look at a replica's folder that a person would not take."""

from pathlib import Path


def hidden(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.name.startswith("."))
