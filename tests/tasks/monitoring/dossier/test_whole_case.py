"""The dossier of a whole case: everything that the issue of a retirement names is on it."""

from datetime import date
from pathlib import Path

import pytest

from tasks import wiring
from tasks.monitoring.task import dossier_page
from tasks.records.columns import Row
from tasks.records.incident import Incident
from tests.fakes.clock import FakeClock
from tests.fakes.watched_rows import incidents, learnt, reading, sources, usage_days
from tests.fakes.whole_case import Signers, WholeCase
from tests.tasks.monitoring.dossier.test_page import Page
from tests.tasks.monitoring.dossier.test_preserved import said, table


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[WholeCase, str]:
    """A whole case, and its dossier."""
    place, clock = tmp_path_factory.mktemp("dossier"), FakeClock()
    signers = Signers.make(place / "keys")
    case = WholeCase(signers, signers.config(), clock.now())
    with pytest.MonkeyPatch.context() as patch, wiring.using_clock(clock):
        patch.setenv("EMERITUS_HOME", str(place / "var"))
        patch.delenv("EMERITUS_DATABASE_URL", raising=False)
        watched = (*incidents(case.now), *learnt(case.now))
        rows: list[Row] = [*case.rows(), *watched, *sources(case.now, date(2026, 9, 1), 40)]
        with wiring.book().writing(case.now) as writing:
            for row in rows:
                writing.put(row, "test.put")
        return case, dossier_page(case.config, wiring.book(), clock.now())


@pytest.fixture
def html(lived: tuple[WholeCase, str]) -> str:
    return lived[1]


def test_it_is_well_formed_and_asks_for_no_script(html: str):
    page = Page(html)
    assert "script" not in page.tags
    assert len(set(page.ids)) == len(page.ids)
    labels = [v for name, v in page.attributes if name in ("aria-labelledby", "href")]
    inner = [one.lstrip("#") for label in labels for one in label.split() if ":" not in one]
    assert set(inner) <= set(page.ids)
    assert page.tags.count("svg") == page.tags.count("desc") + 3  # three swatches of the legend


def test_every_section_is_reached_from_the_top(html: str):
    nav = html.split("<nav", 1)[1].split("</nav>", 1)[0]
    sections = html.split("<main>", 1)[1].split('<section aria-labelledby="')[1:]
    for one in sections:
        name = one.split('"', 1)[0]
        assert f'href="#{name}"' in nav or name.startswith("theme-")


def test_grants_keys_applications_and_revocations_are_told(html: str):
    assert table(html, "Applications of researchers")[1][2] == "accepted"
    (key,) = table(html, "Callers’ keys")[1:]
    assert key[1] == "7" * 64
    assert key[4].startswith("ended")
    (revoked,) = table(html, "Revocations")[1:]
    assert revoked[1:4] == ["request", "The study ended.", "bob"]
    acts = [row[0] for row in table(html, "Acts on the withdrawal at the gateway")[1:]]
    assert acts == ["pause", "resume"]
    (entry,) = table(html, "Ledger: what became of each stable preference")[1:]
    assert entry[1] == "honoured"


def test_essays_tell_redrafts_withdrawals_and_reports_and_repeat_no_withdrawn_word(html: str):
    text = said(html)
    assert "Written anew, text 2: declined" in text
    assert "Reader’s report: privacy" in text
    assert "Withdrawn 3 Dec 2026" in text
    assert "rather not be named" not in text
    assert "2. Withdrawn" in text
    assert "reader@example.org" not in html


def test_sources_are_told_as_they_are(html: str):
    rows = {row[0].split()[0]: row for row in table(html, "Sources of figures, as last read")[1:]}
    assert rows["gateway"][1] == "whole"
    assert rows["survey"][1] == "late"
    assert rows["survey"][3] == "not known"  # it tells no calls; never 0
    assert "no day" in rows["tickets"][2]
    assert "has no column 'opened_at'" in rows["tickets"][4]


def test_open_incidents_stand_on_top_with_who_was_told(html: str):
    head = said(html.split("<nav", maxsplit=1)[0].split("<body>")[1] + "</header>")
    assert "1 incident is open: Unsafe answers rose above 1 %" in head
    first, second = table(html, "Incidents, open ones first")[1:]
    assert first[4] == "open"
    assert first[5] == "ops@example.org"
    assert "alice, mended: The survey is back. (key SHA256:" in second[4]
    assert second[5] == "nobody, by the receipts"
    tellings = table(html, "Messages about incidents, with receipts")[1:]
    assert "no receipt" in " ".join(tellings[1])


def test_replays_follow_ups_and_retrospectives_are_told(html: str):
    weeks = [row[:3] for row in table(html, "Same-model tests")[1:]]
    assert weeks == [["2026-11-16", "aster-1", "same"], ["2026-11-23", "aster-1", "differs"]]
    owners = {row[0]: row[2] for row in table(html, "Old against successor")[1:]}
    assert owners == {"Mail team": "worse", "Search team": "no difference"}
    assert table(html, "Preferences asked again after retirement")[1][3] == "compared"
    drift = table(html, "What changed since the verdicts")[1:]
    assert [row[2:5] for row in drift] == [
        ["changed", "want: 20 of 22 (72 to 97 %)", "7 of 20 (20 to 99 %)"],
        ["no change shown", "want: 20 of 22 (72 to 97 %)", "19 of 20 (20 to 99 %)"],
    ]
    retrospective = " ".join(table(html, "Retrospectives")[1])
    assert "2 changes are proposed: essays.hold_days, access.pilot_days" in retrospective


def test_costs_are_drawn_with_their_numbers_beside(html: str):
    ways = table(html, "Projected costs: a model, no measurement")[1:]
    assert [row[0] for row in ways] == ["hard retire", "limited pilot", "keep everything"]
    assert ways[1][3] == "3,780.00"
    months = table(html, "Measured costs, of the days that a source covers")[1:]
    assert [row[0] for row in months] == ["gateway, 2026-09", "gateway, 2026-10"]
    assert months[0][2] == "30"
    desc = html.split('id="costs-desc">')[1].split("<", maxsplit=1)[0]
    assert "limited pilot: 1,400.00 in the first month, 1,120.00 in the last" in desc


def test_signed_acts_and_artefacts_are_all_there(lived: tuple[WholeCase, str]):
    case, html = lived
    acts = table(html, "Signed acts, oldest first")[1:]
    signed = [row for row in case.rows() if getattr(row, "signature", "") and _person(row)]
    assert len(acts) == len(signed) == 14
    assert {row[3] for row in acts} == {
        case.signers.fingerprint(name) for name in ("alice", "bob", "erin")
    }
    digests = {row[3] for row in table(html, "Artefacts and their SHA-256")[1:]}
    for row in case.rows():
        for name in ("sha256", "config_sha256", "body_sha256"):
            assert getattr(row, name, "") in {"", *digests}
    assert case.packet().digest in digests


def _person(row: Row) -> str:
    return str(getattr(row, "person", ""))


def test_the_checklist_and_its_signatures_are_told(html: str):
    assert table(html, "Checklist: what people confirmed")[1][2] == "ticket 4711"
    assert table(html, "The checklist as it was signed")[1][:2] == [
        "Host names are gone",
        "confirmed",
    ]
    assert table(html, "Signatures under the closing")[1][0] == "alice"
    assert "Not closed." in said(html)


def test_the_scoreboard_names_a_source_for_each_figure(html: str):
    board = html.split('class="board"')[1].split("</table>", maxsplit=1)[0]
    for part in board.split('class="finding"')[1:]:
        ground = part.split('class="ground ')[1].split('"')[0]
        assert ('class="ref"' in part) == (ground in ("measured", "modelled"))


def test_words_from_outside_stay_words(
    home: Path, clock: FakeClock, lived: tuple[WholeCase, str]
) -> None:
    case, bad = lived[0], "<script>alert(1)</script>"
    odd = [{"code": "late", "says": bad}]
    rows: list[Row] = [
        reading(case.now, source=bad, days=usage_days(date(2026, 9, 1), 2), findings=odd),
        Incident(
            id="x",
            model_id="aster-1",
            kind="alarm",
            subject=bad,
            severity="high",
            summary=bad,
            evidence="not json",
            simulated=False,
            raised_at=case.now,
        ),
    ]
    with wiring.book().writing(case.now) as writing:
        for row in rows:
            writing.put(row, "test.put")
    html = dossier_page(case.config, wiring.book(), clock.now())
    assert "<script" not in html
    assert Page(html).text.count(bad) >= 4
