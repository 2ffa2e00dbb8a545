"""What is published: true counts, no name, no formula, and a page that anybody can read."""

import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.access.applications.export import as_csv, as_json, export_body
from tasks.access.applications.figures import public_ref
from tests.tasks.access.applications.scene import Scene


def _body(scene: Scene) -> dict[str, Any]:
    return export_body(scene.config, scene.cases(), scene.clock.now())


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


@pytest.fixture
def lived(scene: Scene) -> Scene:
    """Accepted in 2 days; declined late, and overturned; declined and upheld; one overdue."""
    scene.open_programme()
    ids = {
        name: scene.submit(
            applicant=f"{name.title()} Nobody",
            contact=f"{name}@secret.example",
            affiliation=f"Institute {name}",
            affiliation_public=name == "quick",
            purpose=f"The purpose of {name} is a secret that nobody may read here at all.",
            study_days=5,
        ).id
        for name in ("quick", "late", "no", "silent", "gone")
    }
    scene.clock.advance(days=2)
    scene.decide(ids["quick"], "accept", words="Fine, Quick Nobody.")
    scene.step(ids["gone"], "withdrawn")
    scene.run_pass()
    scene.clock.advance(days=18)
    scene.decide(ids["late"], "decline", reasons=("C-DATA", "C-HARM"), words="No secret plan.")
    scene.decide(ids["no"], "decline", reasons=("C-HARM",))
    scene.run_pass()
    scene.clock.advance(days=1)
    for name in ("late", "no"):
        scene.step(ids[name], "appealed")
    scene.clock.advance(days=4)
    scene.decide(ids["late"], "overturn", "bob")
    scene.decide(ids["no"], "uphold", "bob")
    scene.run_pass()
    return scene


def test_the_figures_count_what_happened(lived: Scene) -> None:
    figures = _body(lived)["figures"]
    assert {name: figures[name] for name in ("received", "to_decide", "accepted", "declined")} == {
        "received": 5,
        "to_decide": 1,
        "accepted": 1,
        "declined": 2,
    }
    assert figures["withdrawn"] == 1
    assert figures["reasons_for_declining"] == {"C-DATA": 1, "C-HARM": 2}
    assert figures["answers"] == {
        "given": 3,
        "overdue_now": 1,
        "within_promise": 1,
        "share_within_promise": 0.25,  # the one that is overdue counts: silence is no speed
        "median_days": 20.0,
        "longest_days": 20.0,
    }
    appeals = figures["appeals"]
    assert (appeals["made"], appeals["upheld"], appeals["overturned"]) == (2, 1, 1)
    assert appeals["answers"]["median_days"] == 4.0
    assert figures["grants"] == {"ended": 1, "in_force": 1}


def test_no_name_address_or_word_of_anybody_is_exported(lived: Scene) -> None:
    body = _body(lived)
    for data in (as_json(body).decode(), as_csv(body).decode()):
        for secret in ("Nobody", "secret", "olga", "alice", "bob", "Institute late"):
            assert secret not in data
        assert "Institute quick" in data  # its applicant agreed
        for case in lived.cases():
            assert case.application.id[:12] not in data
            assert public_ref(case) in data


def test_the_csv_holds_the_same_rows(lived: Scene) -> None:
    body = _body(lived)
    rows = _rows(as_csv(body))
    assert [row["ref"] for row in rows] == [one["ref"] for one in body["applications"]]
    assert json.loads(as_json(body)) == body
    late = next(row for row in rows if row["reasons"] == "C-DATA C-HARM")
    assert (late["days_to_answer"], late["late"], late["appeal"]) == ("20.0", "yes", "overturned")


@pytest.mark.parametrize("affiliation", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "＝1+1"])
def test_no_cell_is_a_formula(scene: Scene, affiliation: str) -> None:
    scene.submit(affiliation=affiliation, affiliation_public=True)
    (row,) = _rows(as_csv(_body(scene)))
    assert row["affiliation"] == f"'{affiliation}"


@given(st.text(max_size=30))
def test_any_cell_comes_back_whole_and_is_no_formula(text: str) -> None:
    body = {"applications": [{"ref": "x", "affiliation": text}]}
    (row,) = _rows(as_csv(body))
    shown = row["affiliation"]
    assert shown in (text, f"'{text}")
    assert not shown.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


def test_an_export_of_nothing_is_valid(scene: Scene) -> None:
    assert _rows(as_csv(_body(scene))) == []
    assert _body(scene)["figures"]["answers"]["share_within_promise"] is None


# the page


class _Outline(HTMLParser):
    """Headings in order, and what a screen reader needs."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.lang, self.tables, self.captions, self.unscoped = "", 0, 0, 0

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.lang = given.get("lang") or self.lang
        self.tables += tag == "table"
        self.captions += tag == "caption"
        self.unscoped += tag == "th" and "scope" not in given
        if tag in ("h1", "h2", "h3"):
            self.headings.append(tag)


def _page(scene: Scene) -> str:
    return (scene.home / "pages" / "aster-1" / "criteria.html").read_text(encoding="utf-8")


def test_the_page_tells_criteria_terms_and_figures(lived: Scene) -> None:
    page = _page(lived)
    for criterion in lived.config.access.applications.criteria:
        assert criterion.id in page
    assert "Every application has an answer within 14 days" in page
    assert "25 % (1 of 4)" in page
    assert "2 made, 1 declined again, 1 accepted after all" in page
    assert "Nobody" not in page
    outline = _Outline()
    outline.feed(page)
    assert outline.lang == "en"
    assert outline.headings == ["h1", *["h2"] * 5]
    assert outline.tables == outline.captions == 4
    assert outline.unscoped == 0


def test_the_page_is_made_again_only_when_it_would_tell_something_else(scene: Scene) -> None:
    scene.run_pass()
    assert "Not decided yet." in _page(scene)
    entries = scene.book.verify_audit().entries
    scene.clock.advance(hours=1)
    scene.run_pass()
    assert scene.book.verify_audit().entries == entries
    scene.open_programme()
    assert "the page on applications to be made" in scene.due()
    scene.run_pass()
    assert "Open." in _page(scene)
    assert "30 May 2027" in _page(scene)


def test_before_the_announcement_there_is_no_page(scene: Scene) -> None:
    scene.clock.advance(days=-60)
    assert scene.due() == ""
    scene.run_pass()
    assert not (scene.home / "pages").exists()


def test_a_decision_without_researchers_is_said_to_be_closed(scene: Scene) -> None:
    packet = scene.open_programme()
    scene.end_programme(packet)
    scene.run_pass()
    assert "Closed." in _page(scene)


def test_the_yaml_on_the_page_can_be_used_as_it_stands(scene: Scene) -> None:
    from html import unescape

    from configs.strict_yaml import read_document

    scene.run_pass()
    text = unescape(_page(scene).split("<pre>")[1].split("</pre>")[0])
    said = read_document(text).value
    assert isinstance(said, dict)
    assert said["affiliation_public"] is False
    assert scene.submit(**{k: v for k, v in said.items() if k != "schema_version"}).study_days == 90
