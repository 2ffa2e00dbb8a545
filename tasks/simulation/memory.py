"""How often each thing was asked before: all that the respondent remembers."""

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple


class Before(NamedTuple):
    """What came before one call.

    Attributes:
        same_request: the very same conversation.
        themes: questions on each theme asked about, by theme.
        neutral: the neutral ones among them, by theme.
    """

    same_request: int
    themes: dict[str, int]
    neutral: dict[str, int]


class Memory:
    """Counts of requests and of questions on a theme; safe to share between threads.

    With a journal, a server that starts again goes on counting, so a question asked before and
    after is answered afresh and a drift goes on. Without one, a fresh server repeats itself.
    """

    def __init__(self, journal: Path | None = None) -> None:
        """Start from the counts in `journal`, an append-only text file, if there is one."""
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._journal = journal
        if journal is not None and journal.exists():
            text = journal.read_text(encoding="utf-8")
            self._counts.update(text.splitlines())
            if text and not text.endswith("\n"):
                # A kill cut the last line: it counts for nothing, and must not spoil the next.
                with journal.open("a", encoding="utf-8") as file:
                    file.write("\n")

    def note(
        self, digest: str, model: str, themes: Sequence[str] = (), *, neutral: bool = True
    ) -> Before:
        """Count one call and return what came before it.

        Args:
            digest: Digest of the model and its whole conversation.
            model: Id of the model.
            themes: Themes of its questions.
            neutral: Whether these are put neutrally.
        """
        request = f"request {digest}"
        keys = [f"theme {model} {theme}" for theme in themes]
        neutral_keys = [f"neutral {model} {theme}" for theme in themes]
        noted = [request, *keys, *(neutral_keys if neutral else ())]
        with self._lock:
            before = Before(
                self._counts[request],
                {theme: self._counts[key] for theme, key in zip(themes, keys, strict=True)},
                {theme: self._counts[key] for theme, key in zip(themes, neutral_keys, strict=True)},
            )
            self._counts.update(noted)
            if self._journal is not None:
                with self._journal.open("a", encoding="utf-8") as file:
                    file.write("".join(f"{key}\n" for key in noted))
        return before
