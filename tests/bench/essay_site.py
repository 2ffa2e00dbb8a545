"""The essay site at ten years of weekly slots: built, one essay more, and again unchanged."""

import logging
import random
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

from tasks.adapters.directory_publisher import DirectoryPublisher
from tasks.essays.markup import rendered
from tasks.essays.site.build import Built, build
from tasks.essays.site.content import Site
from tests.bench.harness import Figure, report
from tests.fakes.essay_site import channel, published, site

ESSAYS, WORDS = 520, 900
PEER = Path("var/bench-pelican")

_WORDS = re.findall(
    r"\w+",
    "the of a and to in is it that what one word time nobody asked house river winter answer "
    "question between leaving letter rarely silence reader because small light again machine",
)
_EMPHASIS = 60  # one word in so many


def main() -> None:
    report(site_figures())


def site_figures() -> list[Figure]:
    """Seconds of a full build, of one essay more, and of an unchanged one; beside Pelican's."""
    texts = [essay(number) for number in range(1, ESSAYS + 1)]
    slots = [published(number, text) for number, text in enumerate(texts, start=1)]
    with tempfile.TemporaryDirectory() as folder:
        place = DirectoryPublisher(Path(folder) / "site")
        records = DirectoryPublisher(Path(folder) / "records")

        def built(told: Site, name: str) -> tuple[float, Built]:
            rendered.cache_clear()
            return _timed(lambda: build(told, place, records, told=name))

        full, first = built(site([channel(slots[:-1])]), "1")
        one, second = built(site([channel(slots)]), "2")
        same, third = built(site([channel(slots)]), "2")
        assert len(first.written) > 2 * (ESSAYS - 1)
        assert len(second.written) == 8
        assert third.written == ()
        peer, peer_full, peer_one = _peer(texts, Path(folder) / "peer")
    return [
        Figure(f"site of {ESSAYS} essays, all of it", full, "s", peer, full / peer_full),
        Figure("one essay more", one, "s", peer, one / peer_one),
        Figure("unchanged, 0 files written", same, "s", peer, same / peer_one),
        Figure("files written for one essay more", len(second.written), "files", "all", 1.0
               * len(second.written) / len(first.written)),
    ]  # fmt: skip


def essay(number: int) -> str:
    """An essay of `WORDS` words; the same for the same number."""
    rng = random.Random(number)
    words = [
        f"*{word}*" if rng.randrange(_EMPHASIS) == 0 else word
        for word in rng.choices(_WORDS, k=WORDS)
    ]
    paragraphs = [" ".join(words[at : at + 90]).capitalize() + "." for at in range(0, WORDS, 90)]
    return f"# Essay number {number}\n\n" + "\n\n".join(paragraphs) + "\n"


def _timed(work: Callable[[], Built]) -> tuple[float, Built]:
    start = time.perf_counter()
    done = work()
    return time.perf_counter() - start, done


def _peer(texts: list[str], folder: Path) -> tuple[str, float, float]:
    """(name, seconds for all but one, seconds with that one more) of Pelican, which makes all anew.

    Where it can't be installed, the peer is rendering every essay's Markdown and nothing else.
    """
    pelican = _pelican()
    if pelican is None:
        start = time.perf_counter()
        for text in texts:
            rendered.__wrapped__(text)
        seconds = time.perf_counter() - start
        return "Markdown of all essays alone", seconds, seconds
    content = folder / "content"
    content.mkdir(parents=True)
    settings = folder / "settings.py"
    settings.write_text(
        "SITENAME = 'Essays'\nTIMEZONE = 'UTC'\nFEED_ALL_ATOM = 'feed.xml'\nAUTHOR = 'Aster 1'\n"
        "SITEURL = 'https://essays.example.org'\n"
    )
    command = [str(pelican), str(content), "-o", str(folder / "out"), "-s", str(settings), "-q"]
    seconds = []
    for batch in (texts[:-1], texts[-1:]):
        for text in batch:
            title, _, body = text.partition("\n")
            name = title.rpartition(" ")[2]
            day = f"{2016 + int(name) // 52}-01-{1 + int(name) % 28:02}"
            (content / f"{name}.md").write_text(f"Title: {title[2:]}\nDate: {day}\n{body}")
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return "Pelican", seconds[0], seconds[1]


def _pelican() -> Path | None:
    program = PEER / "bin" / "pelican"
    if not program.exists():
        venv.create(PEER, with_pip=True)
        pip = [str(PEER / "bin" / "python"), "-m", "pip", "install", "--quiet", "pelican[markdown]"]
        if subprocess.run(pip, check=False, capture_output=True).returncode:
            return None
    return program.absolute()


if __name__ == "__main__":
    logging.disable()
    sys.exit(main())
