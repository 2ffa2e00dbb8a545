"""The page that every pass leaves in Prefect: what to do, what to read, how things stand."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from flows.standing import Ways, standing_page
from tasks.kernel.stages import Assessment, blocked, done, waiting

HOME = Path("/home-of-emeritus")
SOON = datetime(2026, 12, 1, 9, tzinfo=UTC)
WAYS = Ways(form=lambda _: "", page=lambda _: "", home=HOME)


def _page(found: dict[str, Assessment], ways: Ways = WAYS, **pages: Path) -> str:
    return standing_page("Aster 1", found, pages, ways)


def test_what_a_person_can_do_comes_first_and_the_blocked_before_all() -> None:
    page = _page(
        {
            "access": waiting("the second signature", SOON, "emeritus approve aster-1 --as NAME"),
            "essays": waiting("the next slot", SOON),
            "preservation": blocked("replica second is damaged"),
        }
    )
    to_do, table = page.split("| stage |")
    assert to_do.index("replica second") < to_do.index("the second signature")
    assert "type `emeritus approve aster-1 --as NAME`" in to_do
    assert "the next slot" not in to_do
    assert "| essays | waiting | the next slot | 2026-12-01 09:00 UTC |" in table


def test_a_form_and_a_page_are_linked_where_they_have_an_address() -> None:
    ways = Ways(
        form=lambda command: f"http://ui/{len(command)}",
        page=lambda path: f"http://pages/{path.name}",
        home=HOME,
    )
    page = _page({"access": waiting("it", None, "emeritus x")}, ways, dossier=HOME / "d.html")
    assert "[open the form](http://ui/10), or type `emeritus x`" in page
    assert "[dossier](http://pages/d.html)" in page


def test_a_page_without_an_address_is_told_by_its_place_below_home() -> None:
    page = _page({"access": done("all")}, dossier=HOME / "reports" / "d.html")
    assert "dossier: `reports/d.html`" in page


def test_nothing_to_do_says_when_to_look_again() -> None:
    assert "**Nothing to do:** the next date is 2026-12-01 09:00 UTC." in _page(
        {"essays": waiting("the next slot", SOON)}
    )
    assert "**Nothing to do:** all is done." in _page({"essays": done("all")})


@given(st.text(max_size=60))
def test_no_reason_can_leave_its_cell_or_become_markup(reason: str) -> None:
    page = _page({"access": blocked(reason or "x"), "essays": done("all")})
    rendered = MarkdownIt("commonmark").enable("table").render(page)
    assert rendered.count("<tr>") == 3
    assert rendered.count("<td>") == 8
    for tag in ("<a ", "<img", "<script", "<h1"):
        assert tag not in rendered
