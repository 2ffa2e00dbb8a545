"""Applications as YAML files in git: taken in once, and what is broken is told by its line."""

from pathlib import Path

import pytest
import yaml

from configs.errors import ConfigError
from tasks.access.applications.receive import (
    FOLDER,
    folder_of,
    form_from_file,
    form_of,
    receive,
)
from tests.fakes.configs import retirement
from tests.tasks.access.applications.scene import SAID, Scene


def write(scene: Scene, name: str = "rosa.yaml", **changed: object) -> Path:
    folder = folder_of(scene.config)
    folder.mkdir(exist_ok=True)
    file = folder / name
    body = {"schema_version": 1, **SAID, **changed}
    file.write_text(yaml.safe_dump(body, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return file


def test_a_file_is_taken_in_once(scene: Scene) -> None:
    write(scene)
    assert scene.due().startswith("1 application to be taken in")
    scene.run_pass()
    (case,) = scene.cases()
    assert (case.application.source, case.application.entered_by) == ("file", "rosa.yaml")
    assert scene.due() == ""
    scene.run_pass()
    write(scene, "again.yml")  # the same words under another name
    assert scene.due() == ""
    assert len(scene.cases()) == 1


def test_a_changed_file_takes_the_place_of_what_it_said_before(scene: Scene) -> None:
    write(scene)
    scene.run_pass()
    scene.clock.advance(days=1)
    write(scene, study_days=90)
    scene.run_pass()
    first, second = scene.cases()
    assert [first.state, second.state] == ["superseded", "received"]
    assert scene.subjects() == ["Your application for Aster 1 has arrived"] * 2
    text = [one for one in scene.letters() if one["To"] == "rosa@uni.example"][-1].get_content()
    assert f"It takes the place of your application {first.application.id}" in text
    scene.clock.advance(days=1)
    write(scene, study_days=90, contact="rosa.lind@uni.example")  # a mended address
    scene.run_pass()
    assert [case.state for case in scene.cases()] == ["superseded", "superseded", "received"]


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("another.yaml", {}),
        ("rosa.yaml", {"applicant": "Tom Ash", "contact": "tom@uni.example"}),
    ],
    ids=["another file", "another person in the same file"],
)
def test_what_is_not_surely_the_same_hand_stands_beside(
    scene: Scene, name: str, changed: dict[str, object]
) -> None:
    write(scene)
    scene.run_pass()
    scene.clock.advance(days=1)
    write(scene, name, study_days=90, **changed)
    scene.run_pass()
    assert [case.state for case in scene.cases()] == ["received", "received"]


def test_a_form_replaces_no_file_though_it_gives_the_file_s_name(scene: Scene) -> None:
    write(scene)
    scene.run_pass()
    form = form_of({**SAID, "study_days": 90})
    for source in ("form", "cli"):
        receive(
            scene.config,
            scene.book,
            form.model_copy(update={"study_days": 30 if source == "cli" else 90}),
            source=source,
            entered_by="rosa.yaml",
            now=scene.clock.now(),
        )
    assert [case.state for case in scene.cases()] == ["received"] * 3


def test_a_broken_file_is_told_by_its_line_and_stops_nobody_else(scene: Scene) -> None:
    broken = write(scene, "a.yaml", study_days="sixty", contact="rosa at uni.example")
    write(scene, "b.yaml")
    scene.run_pass()
    assert len(scene.cases()) == 1
    told = scene.open()
    assert f"unreadable: {broken}:4: contact: is no e-mail address" in told
    assert f"{broken}:8: study_days: 'sixty' should be a valid integer" in told
    assert scene.due() == ""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"model": "aster-9"}, "2: model: is 'aster-9', but this is about 'aster-1'"),
        ({"study_days": 181}, "8: study_days: 181 are more than the 180"),
        ({"renews": "0" * 24}, "9: renews: is no earlier application of this applicant"),
        ({"renews": "latest"}, "9: renews: is no application's id"),
        ({"applicant": "Rosa \u202eLind"}, "3: applicant: holds an invisible character (U+202E"),
        ({"applicant": "Rosa\nLind"}, "3: applicant: has more than one line"),
        ({"purpose": "Science."}, "6: purpose: has 8 characters; say it in at least 40"),
        ({"purpose": "x" * 4001}, "6: purpose: has 4001 characters; keep it to 4000"),
        ({"contact": "a@x.example,b@y.example"}, "4: contact: is no e-mail address"),
        ({"contact": "Rosa <a@x.example>"}, "4: contact: is no e-mail address"),
        ({"accepted": True}, "9: accepted: unknown field"),
    ],
)
def test_what_cannot_stand_is_refused_with_its_line(
    scene: Scene, changed: dict[str, object], told: str
) -> None:
    file = write(scene, **changed)
    scene.run_pass()
    assert f"unreadable: {file}:{told}" in scene.open()
    assert scene.cases() == ()
    assert len(scene.open()) < 500  # a text of any length is not told back whole


def test_a_link_and_a_huge_file_are_refused_unread(scene: Scene, tmp_path: Path) -> None:
    file = write(scene)
    link = file.with_name("link.yaml")
    link.symlink_to(file)
    with pytest.raises(ConfigError, match="is a link"):
        form_from_file(link)
    huge = file.with_name("huge.yaml")
    huge.write_text("#" * 70_000)
    with pytest.raises(ConfigError, match="is larger than 65536 bytes"):
        form_from_file(huge)
    scene.run_pass()
    assert len(scene.cases()) == 1


def test_a_file_may_have_any_name(scene: Scene) -> None:
    write(scene, "Rosa \u202e\n" + "x" * 150 + ".yaml")
    scene.run_pass()
    (case,) = scene.cases()
    assert case.application.entered_by.startswith("Rosa [U+202E] xxx")


def test_without_a_folder_there_is_nothing(scene: Scene) -> None:
    assert not folder_of(scene.config).exists()
    assert scene.open() == ""
    assert folder_of(retirement()) == FOLDER / "aster-1"
