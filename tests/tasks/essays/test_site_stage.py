"""The site as the stage keeps it: whole, and in step with the records."""

import re
import subprocess
from html import unescape
from pathlib import Path

import pytest

from configs.schema import RetirementConfig
from tasks import wiring
from tasks.adapters.directory_publisher import DirectoryPublisher
from tasks.essays.task import draft_due_slots, publish_approved
from tasks.essays.view import assess
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tests.fakes.clock import FakeClock
from tests.tasks.essays.scene import Act, FakeModel

SLOT = "aster-1-essay-001"


def one_pass(config: RetirementConfig, fence: Fence) -> None:
    publish_approved.fn(config, fence)
    draft_due_slots.fn(config, fence)


def public(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def site(
    config: RetirementConfig, channel: None, fence: Fence, home: Path, model: FakeModel, act: Act
) -> Path:
    """One essay, published."""
    one_pass(config, fence)
    act("approve", "ada")
    one_pass(config, fence)
    return home / "site"  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", ["index.html", f"essays/{SLOT}/index.html", "feed.xml"])
@pytest.mark.parametrize("data", [None, b"somebody else wrote this"])
def test_a_page_that_is_gone_or_was_changed_is_due_and_comes_back(
    site: Path,
    config: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    path: str,
    data: bytes | None,
) -> None:
    before = public(site)
    assert assess(config, book, clock.now()).state is StageState.WAITING
    (site / path).unlink()
    if data is not None:
        (site / path).write_bytes(data)
    found = assess(config, book, clock.now())
    assert (found.state, found.reason[:28]) == (StageState.DUE, "pages are to be made again; ")
    one_pass(config, fence)
    assert public(site) == before


def test_an_essays_page_is_made_once(
    config: RetirementConfig,
    channel: None,
    fence: Fence,
    home: Path,
    model: FakeModel,
    act: Act,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What stands beside the essay at first is what the whole site has."""
    one_pass(config, fence)
    act("approve", "ada")
    written: list[str] = []
    publish = DirectoryPublisher.publish

    def counting(self: DirectoryPublisher, files: dict[str, bytes]) -> tuple[str, ...]:
        done = publish(self, files)
        written.extend(done)
        return done

    monkeypatch.setattr(DirectoryPublisher, "publish", counting)
    one_pass(config, fence)
    assert written.count(f"essays/{SLOT}/index.html") == 1
    assert written.index(f"essays/{SLOT}/index.md") < written.index("index.html")
    assert written.index("index.html") < written.index("feed.xml")


def test_a_withdrawn_essay_leaves_its_note_and_its_proof(
    site: Path, config: RetirementConfig, fence: Fence, act: Act
) -> None:
    for person in ("bo", "cy"):
        act("withdraw", person, slot=SLOT, reason="privacy", rationale="It names a living person.")
    one_pass(config, fence)
    folder = site / "essays" / SLOT
    assert "This essay was withdrawn" in (folder / "index.html").read_text()
    assert not {"index.md", "verify.html"} & {path.name for path in folder.iterdir()}
    for name in ("approval.json", "withdrawal-1.json", "withdrawal-2.json.sig"):
        assert (folder / name).is_file()
        assert f'href="{name}"' in (folder / "index.html").read_text()
    assert "On leaving" not in "".join(path.read_text() for path in site.rglob("*.html"))
    before = public(site)
    one_pass(config, fence)
    assert public(site) == before


def told_to_type(page: Path) -> list[str]:
    """What stands in the page's boxes: commands and answers in turn."""
    boxes = re.findall(
        r'<pre class="command[^"]*"><code>(.*?)</code></pre>', page.read_text(), re.S
    )
    return [unescape(box).strip() for box in boxes]


def typed(command: str, folder: Path) -> str:
    done = subprocess.run(
        command, shell=True, cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_commands_on_the_page_answer_as_it_says(site: Path) -> None:
    folder = site / "essays" / SLOT
    first, good, second, fine = told_to_type(folder / "verify.html")
    assert typed(first, folder) == good
    assert typed(second, folder) == fine


def test_so_do_those_on_the_note_of_a_withdrawal(
    site: Path, config: RetirementConfig, fence: Fence, act: Act
) -> None:
    for person in ("bo", "cy"):
        act("withdraw", person, slot=SLOT, reason="privacy", rationale="It names a living person.")
    one_pass(config, fence)
    folder = site / "essays" / SLOT
    commands, good = told_to_type(folder / "index.html")
    assert typed(commands, folder) == good
    assert len(good.splitlines()) == 2


def test_what_was_built_is_kept_out_of_the_site(site: Path, home: Path) -> None:
    (record,) = (home / "site-builds").iterdir()
    assert not [path for path in site.rglob("*.json") if "basis" in path.read_text()]
    assert wiring.site_records().listing() == (record.name,)
