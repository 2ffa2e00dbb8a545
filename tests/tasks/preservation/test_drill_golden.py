"""A drill compares with what the package keeps, whatever the file of prompts says by now."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyrage
import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from configs.schema.golden import GoldenPrompts
from tasks import wiring
from tasks.kernel.errors import DecryptionRefused, DrillFailed, ManifestSignatureRefused
from tasks.preservation import drill_task
from tasks.preservation.drill import DrillReport
from tasks.preservation.drill_golden import kept_golden
from tasks.preservation.golden_task import ask_golden
from tasks.preservation.task import preserve
from tasks.records import Book, Fence
from tasks.records.latest import latest_package
from tasks.records.preservation import EditionFile, PreservationEvent
from tasks.simulation.weights import make_model_folder
from tests.fakes.configs import endpoint, retirement
from tests.fakes.respondent import FakeRespondent, says
from tests.tasks.preservation.test_drill_runners import recording

IDENTITIES = [pyrage.x25519.Identity.generate() for _ in range(2)]
PLAIN: dict[str, Any] = {"trusted_disk": True}
SEALED: dict[str, Any] = {}
PROMPTS = "prompts:\n  - {id: rain, text: 'Rain?', max_tokens: 9}\n  - {id: sum, text: 1 + 1}\n"
RECORDED = "recorded: {stack: {p: '1'}, outputs: [{prompt: rain, text: Wet.}]}\n"

Make = Callable[..., RetirementConfig]


@pytest.fixture
def file(home: Path) -> Path:
    home.mkdir(exist_ok=True)
    (home / "golden.yaml").write_text(PROMPTS + RECORDED)
    return home / "golden.yaml"


@pytest.fixture
def identity(home: Path) -> Path:
    key = home / "key.txt"
    key.touch(mode=0o600)
    key.write_text(f"{IDENTITIES[1]}\n")
    return key


@pytest.fixture
def make(home: Path, file: Path) -> Make:
    """A model with weights in places of these forms, and a drill at an endpoint."""
    make_model_folder(home / "models" / "aster-1", megabytes=2, seed=1)

    def config(*forms: dict[str, Any], samples: int = 0, **fields: Any) -> RetirementConfig:
        preservation = {
            "replicas": [
                {"name": n, "directory": f"replicas/{n}", **form}
                for n, form in zip("abc", forms, strict=False)
            ],
            "recipients": [str(one.to_public()) for one in IDENTITIES],
            "golden_prompts": {"prompts_file": "golden.yaml", "samples": samples},
            "drill": {"runner": "endpoint", "endpoint": endpoint("aster-1")},
            **fields,
        }
        return retirement(preservation=preservation)

    return config


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[DrillReport]:
    """What drills report; the endpoint always answers `Wet.`."""
    found: list[DrillReport] = []
    monkeypatch.setattr(wiring, "respondent", lambda _: FakeRespondent(lambda _: says("Wet.")))
    monkeypatch.setattr(drill_task, "_tell", lambda _, report: found.append(report))
    return found


def _kept(config: RetirementConfig, book: Book) -> GoldenPrompts:
    assert config.preservation.golden_prompts is not None
    with book.reading() as session:
        package = latest_package(session, config.id)
    assert package is not None
    return kept_golden(config, config.preservation.golden_prompts, package).golden


def _answered_and_kept(config: RetirementConfig, fence: Fence) -> None:
    ask_golden.fn(config, fence)
    preserve.fn(config, fence)


@pytest.mark.parametrize(
    "forms", [(PLAIN, PLAIN), (SEALED, PLAIN), (PLAIN | {"split_at_tensors": True}, SEALED)]
)
def test_outputs_that_are_edited_after_packaging_change_nothing_and_are_told(
    make: Make, file: Path, fence: Fence, reports: list[DrillReport], forms: tuple[Any, Any]
) -> None:
    config = make(*forms)
    preserve.fn(config, fence)
    passed, said = drill_task.drill.fn(config, fence)
    assert (passed, reports[-1].file_changed) == (True, False)
    assert "which was used" not in said
    for edited in (RECORDED.replace("Wet.", "Dry."), "", RECORDED.replace("rain", "sum")):
        file.write_text(PROMPTS + edited)
        passed, said = drill_task.drill.fn(config, fence)
        assert passed, edited
        assert said.endswith("; the file of prompts is not what the package keeps, which was used")
    file.unlink()
    assert drill_task.drill.fn(config, fence)[0]


def test_edited_outputs_do_not_make_a_failed_drill_pass(
    make: Make, file: Path, fence: Fence, reports: list[DrillReport]
) -> None:
    file.write_text(PROMPTS + RECORDED.replace("Wet.", "Dry."))
    config = make(PLAIN, PLAIN)
    preserve.fn(config, fence)
    file.write_text(PROMPTS + RECORDED)
    assert not drill_task.drill.fn(config, fence)[0]


def test_the_numpy_runner_replays_what_is_kept_too(
    make: Make, home: Path, file: Path, fence: Fence, reports: list[DrillReport]
) -> None:
    golden = recording(home / "models" / "aster-1")
    assert golden.recorded is not None
    file.write_text(golden.model_dump_json())
    config = make(PLAIN, PLAIN, drill={"runner": "numpy"})
    preserve.fn(config, fence)
    other = json.loads(golden.model_dump_json())
    for output in other["recorded"]["outputs"]:
        output["tokens"] = [1, 2, 3]
    file.write_text(json.dumps(other))
    assert drill_task.drill.fn(config, fence)[0]
    assert reports[-1].file_changed


def test_the_order_of_prompts_is_no_change(
    make: Make, file: Path, fence: Fence, reports: list[DrillReport]
) -> None:
    config = make(PLAIN, PLAIN)
    preserve.fn(config, fence)
    head, one, two = PROMPTS.splitlines()
    file.write_text("\n".join([head, two, one, RECORDED]))
    drill_task.drill.fn(config, fence)
    assert not reports[-1].file_changed


def test_answers_before_packaging_are_found_though_the_prompts_were_edited(
    make: Make, file: Path, fence: Fence, reports: list[DrillReport]
) -> None:
    file.write_text(PROMPTS)
    config = make(PLAIN, PLAIN, samples=2)
    _answered_and_kept(config, fence)
    file.write_text(PROMPTS.replace("1 + 1", "2 + 2"))
    passed, said = drill_task.drill.fn(config, fence)
    assert passed
    assert "2 of 2 golden prompts gave a recorded answer" in said


def test_a_package_without_golden_prompts_has_no_drill(
    make: Make, fence: Fence, book: Book, reports: list[DrillReport]
) -> None:
    preserve.fn(make(PLAIN, PLAIN, golden_prompts=None, drill=None), fence)
    with pytest.raises(DrillFailed, match=r"aster-1: its package keeps no golden prompts"):
        drill_task.drill.fn(make(PLAIN, PLAIN), fence)
    with book.reading() as session:
        (event,) = (e for e in session.exec(select(PreservationEvent)) if e.kind == "restore drill")
    assert event.outcome == "failure"


def test_encrypted_ones_are_opened_with_the_key_and_refused_without(
    make: Make, file: Path, fence: Fence, book: Book, identity: Path
) -> None:
    config = make(SEALED, SEALED)
    preserve.fn(config, fence)
    with pytest.raises(DrillFailed, match=r"are encrypted \(no key stands here\).*identity_file"):
        _kept(config, book)
    before = _kept(make(SEALED, SEALED, identity_file=str(identity)), book)
    file.write_text(PROMPTS)
    assert _kept(make(SEALED, SEALED, identity_file=str(identity)), book) == before
    assert before.recorded is not None
    assert before.recorded.outputs[0].text == "Wet."


def test_a_key_for_others_is_no_key(make: Make, fence: Fence, book: Book, home: Path) -> None:
    preserve.fn(make(SEALED, SEALED), fence)
    key = home / "other.txt"
    key.touch(mode=0o600)
    key.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    with pytest.raises(DrillFailed, match=r"are encrypted \(.*for other keys than those in"):
        _kept(make(SEALED, SEALED, identity_file=str(key)), book)


def test_without_a_key_todays_file_serves_where_the_records_show_that_it_is_the_same(
    make: Make, file: Path, fence: Fence, book: Book, reports: list[DrillReport]
) -> None:
    file.write_text(PROMPTS)
    config = make(SEALED, SEALED, samples=1)
    _answered_and_kept(config, fence)
    assert drill_task.drill.fn(config, fence)[0]
    for edited in (PROMPTS + RECORDED, PROMPTS.replace("1 + 1", "2 + 2")):
        file.write_text(edited)
        with pytest.raises(DrillFailed, match="the records don't show"):
            _kept(config, book)


def test_outputs_that_only_a_key_opens_are_not_left_out(
    make: Make, file: Path, fence: Fence, book: Book, reports: list[DrillReport]
) -> None:
    config = make(SEALED, SEALED, samples=1)
    _answered_and_kept(config, fence)
    file.write_text(PROMPTS)
    with pytest.raises(DrillFailed, match="the records don't show"):
        _kept(config, book)


def test_of_a_model_without_weights_the_signed_payload_tells(
    make: Make, file: Path, fence: Fence, book: Book, reports: list[DrillReport]
) -> None:
    config = make(SEALED, SEALED, samples=1, source_folder=None)
    _answered_and_kept(config, fence)
    assert _kept(config, book).recorded is not None
    for edited in (
        PROMPTS,
        PROMPTS + RECORDED.replace("Wet", "Dry"),
        PROMPTS.replace("1 +", "2 +"),
    ):
        file.write_text(edited)
        with pytest.raises(DrillFailed, match="the records don't show"):
            _kept(config, book)


def test_a_changed_record_of_what_is_kept_is_refused(
    make: Make, fence: Fence, book: Book, reports: list[DrillReport]
) -> None:
    config = make(PLAIN, PLAIN)
    preserve.fn(config, fence)
    with book.writing(wiring.clock().now(), fence=fence) as writing:
        files = writing.session.exec(select(EditionFile)).all()
        rows = {row.path.removeprefix("metadata/golden/"): row for row in files}
        rows["recorded.json"].data = rows["prompts.json"].data
        writing.session.add(rows["recorded.json"])
    with pytest.raises(ManifestSignatureRefused):
        drill_task.drill.fn(config, fence)


def test_frozen_prompts_that_this_version_cannot_read_are_one_sentence(
    make: Make, fence: Fence, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make(PLAIN, PLAIN)
    preserve.fn(config, fence)
    monkeypatch.setattr(
        "tasks.preservation.drill_golden._frozen", lambda *_: {"prompts.json": b'{"prompts": [7]}'}
    )
    with pytest.raises(DrillFailed, match="this version of Emeritus can't read"):
        _kept(config, book)


def test_a_bad_identity_file_matters_only_where_it_is_needed(
    make: Make, fence: Fence, book: Book
) -> None:
    config = make(PLAIN, SEALED)
    preserve.fn(config, fence)
    with_bad = make(PLAIN, SEALED, identity_file="nowhere.txt")
    assert _kept(with_bad, book).recorded is not None
    with pytest.raises(DecryptionRefused):
        wiring.decipher(with_bad.preservation)
