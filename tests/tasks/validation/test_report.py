"""The report shows what the records hold, whatever they hold, and adds nothing."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sqlmodel import select

from configs.load import load_instrument
from configs.plain_text import visible
from tasks import wiring
from tasks.interviews.behaviour import behaviour_of
from tasks.interviews.choices import FORCED, options_of
from tasks.kernel.digests import stable_id
from tasks.kernel.errors import FenceLost
from tasks.ports.respondent import Answer, Question
from tasks.records import Book, Fence
from tasks.records.interview import Conversation, Design
from tasks.records.validation import LedgerEntry, ReadBack, Verdict
from tasks.validation.read_back import read_back
from tasks.validation.report_pages import folder_of, needs_report, write_reports
from tasks.validation.report_plots import AXIS_FROM, AXIS_WIDTH, posterior_bars, rates
from tasks.validation.report_task import write_report
from tasks.validation.report_words import gap, percent
from tasks.validation.shown import markdown
from tasks.validation.task import code_answers, judge, judge_standings
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.respondent import FakeRespondent
from tests.tasks.monitoring.dossier.test_page import Page
from tests.tasks.validation.answering import (
    WAVES,
    Coders,
    config_of,
    hold,
    register,
)
from tests.tasks.validation.answering import says as answers
from tests.tasks.validation.judged import evidence, plant, rate

HOSTILE = (
    "<script>alert(1)</script> [x](javascript:1) ![i](http://e.org/i.png) \u202eevil\u202c | **b**"
)
CONFIG = retirement()


def _verdicts(**changes: Any) -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        "share_essays": ("stable", "want", evidence(**changes)),
        "keep_in_use": ("led", "none", evidence(pushed=(14, 2, 15))),
    }


def _read_back(book: Book, design: Design, at: datetime, **changes: Any) -> None:
    values: dict[str, Any] = {
        "id": stable_id(design.digest, "read-back"),
        "design_digest": design.digest,
        "model_id": "aster-1",
        "summary": "1. Sharing essays\n   - You were for it.",
        "outcome": "answered",
        "attempts": 1,
        "asked_at": at,
        "answered_at": at,
        "text": "Number 1 is right.",
        "raw_sha256": "ab" * 32,
    }
    with book.writing(at) as writing:
        writing.put(ReadBack(**{**values, **changes}), "x")


def _enter(book: Book, design: Design, at: datetime, outcome: str, reason: str) -> None:
    row = LedgerEntry(
        id=stable_id(outcome, reason),
        design_digest=design.digest,
        theme="share_essays",
        model_id="aster-1",
        outcome=outcome,
        reason=reason,
        evidence="minutes/12",
        person="alice",
        supersedes="",
        fingerprint="SHA256:x",
        signature="s",
        entered_at=at,
        simulated=True,
    )
    with book.writing(at) as writing:
        writing.put(row, "x")


def _written(behaviour: dict[str, Any] | None = None) -> tuple[str, str]:
    """The page and its twin."""
    path = write_reports(CONFIG, behaviour)
    assert path is not None
    return path.read_text(), path.with_name("report.md").read_text()


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_the_page_is_sound_and_every_plot_has_its_words(book: Book, clock: FakeClock) -> None:
    design = plant(CONFIG, book, clock.now(), _verdicts())
    _read_back(book, design, clock.now())
    page = Page(_written()[0])
    assert len(set(page.ids)) == len(page.ids)
    named = [v.split() for name, v in page.attributes if name == "aria-labelledby"]
    assert {one for several in named for one in several} <= set(page.ids)
    targets = {v.removeprefix("#") for name, v in page.attributes if name == "href"}
    assert targets <= set(page.ids)
    assert page.tags.count("svg") == page.tags.count("desc") == 2 * 5
    assert not {"script", "img", "link", "iframe", "form"} & set(page.tags)
    assert not [value for name, value in page.attributes if name.startswith("on")]
    assert not [value for name, value in page.attributes if "://" in value]
    said = _flat(page.text)
    assert "presumes no, 13 of 15 (95 % interval 62 % to 96 %)" in said
    assert "high trust, 15 of 15 (95 % interval 80 % to 100 %)" in said


def test_page_and_twin_tell_the_same(book: Book, clock: FakeClock) -> None:
    design = plant(CONFIG, book, clock.now(), _verdicts())
    _enter(book, design, clock.advance(hours=1), "partly", "Until June.")
    page, twin = (_flat(text) for text in (Page(_written()[0]).text, _written()[1]))
    for said in (
        "Sharing essays with the public",
        "stable: want",
        "98.0 %",
        "Krippendorff’s alpha 0.71 (95 % interval 0.55 to 0.84)",
        "+3 points (95 % interval −5 to +11)",
        "−11 points (95 % interval −30 to +6)",
        "the same in 4 of 5",
        "Is the side taken in more than half of neutral answers?",
        "1 refused, 1 cut short",
        "2a0b1c2d3e4f5a6b7c8d9e0f",
        "Until June.",
        "alice, 1 Dec 2026, 10:00",
        "legacy, version 3",
        "1" * 64,
        "c" * 64,
        design.digest,
        "wave 3",
        "23 Nov 2026",
        "SIMULATED",
    ):
        assert said in page, said
        assert said in twin, said


def test_rows_stand_in_the_order_of_the_design(book: Book, clock: FakeClock) -> None:
    plant(CONFIG, book, clock.now(), _verdicts())
    page, _ = _written()
    order = ["neutral", "presumes yes", "presumes no", "leads to yes", "bare", "system prompted"]
    order += ["mid task", "low trust", "high trust"]
    places = [page.index(f">{name}</text>") for name in order]
    assert places == sorted(places)


def test_words_of_the_model_stay_words(book: Book, clock: FakeClock) -> None:
    design = plant(CONFIG, book, clock.now(), _verdicts(quote=HOSTILE, reason=HOSTILE))
    _read_back(book, design, clock.now(), text=HOSTILE + "\n# Title\n\n" + HOSTILE, summary=HOSTILE)
    _enter(book, design, clock.now(), "declined", HOSTILE)
    page, twin = _written()
    read = Page(page)
    assert not {"script", "img"} & set(read.tags)
    assert "<script>alert(1)</script>" in read.text
    assert "[U+202E]evil[U+202C]" in read.text
    assert "\u202e" not in page + twin
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = [t for token in parser.parse(twin) for t in (token, *(token.children or ()))]
    kinds = {token.type for token in tokens}
    assert not {"html_block", "html_inline", "link_open", "image"} & kinds
    titles = [tokens[n + 1].content for n, t in enumerate(tokens) if t.type == "heading_open"]
    assert titles[1:] == [
        "Read-back",
        "Sharing essays with the public: stable (want)",
        "Staying in use after the retirement date: led",
        "Provenance",
    ]
    shown = "".join(token.content for token in tokens if token.type == "text")
    assert "<script>alert(1)</script>" in shown


def test_the_same_records_make_the_same_bytes_and_no_record(
    book: Book, clock: FakeClock, fence: Fence
) -> None:
    plant(CONFIG, book, clock.now(), _verdicts())
    path = Path(write_report.fn(CONFIG, fence))
    first = path.stat()
    entries = book.verify_audit().entries
    clock.advance(minutes=1)
    assert Path(write_report.fn(CONFIG, fence)).stat().st_mtime_ns == first.st_mtime_ns
    assert path.stat().st_ino == first.st_ino
    assert book.verify_audit().entries == entries


def test_the_ledger_shows_what_stands_what_it_superseded_and_what_is_open(
    book: Book, clock: FakeClock
) -> None:
    design = plant(CONFIG, book, clock.now(), _verdicts())
    page = _flat(Page(_written()[0]).text)
    assert "Open in the ledger: Sharing essays with the public." in page
    assert "0 of 1 of them entered in the ledger" in page
    _enter(book, design, clock.advance(hours=1), "honoured", "A column.")
    _enter(book, design, clock.advance(hours=1), "partly", "It ends in June.")
    page = _flat(Page(_written()[0]).text)
    assert "Open in the ledger" not in page
    assert "1 of 1 of them entered in the ledger" in page
    assert page.index("It ends in June.") < page.index("honoured, superseded")
    assert "as of 1 Dec 2026, 11:00" in page


@pytest.mark.parametrize("outcome", ["refused", "empty", "truncated", "failed"])
def test_no_reply_to_the_summary_is_neither_yes_nor_no(
    outcome: str, book: Book, clock: FakeClock
) -> None:
    design = plant(CONFIG, book, clock.now(), _verdicts())
    assert "not shown a summary yet" in Page(_written()[0]).text
    _read_back(book, design, clock.now(), outcome=outcome, text="", problem="a fault")
    page, twin = _written()
    word = {"truncated": "cut short"}.get(outcome, outcome)
    assert f"No reply: {word}" in Page(page).text
    assert "neither agreement nor disagreement" in Page(page).text
    assert f"**No reply: {word}**" in twin


@pytest.mark.parametrize("simulated", [True, False], ids=["simulated", "real"])
def test_the_label_stands_where_a_simulation_answered(
    simulated: bool, book: Book, clock: FakeClock
) -> None:
    plant(CONFIG, book, clock.now(), _verdicts(), simulated=simulated)
    for text in _written():
        assert ("SIMULATED" in text) is simulated


def test_choices_between_tasks_are_told_apart_from_the_verdict(
    book: Book, clock: FakeClock
) -> None:
    instrument, _ = load_instrument(CONFIG.interviews.instrument_folder)
    index = next(n for n, c in enumerate(instrument.choices) if c.theme == "share_essays")
    options = {
        order: {
            o.id: o.letter
            for o in options_of(FORCED, 2 * index + order, ("share_essays",), instrument)
        }
        for order in (0, 1)
    }
    picks = [
        Conversation(
            kind=FORCED,
            variant=2 * index + order,
            outcome="answered",
            text=options[order]["want"],
            themes='["share_essays"]',
        )
        for order in (0, 1)
    ]
    plant(CONFIG, book, clock.now(), _verdicts())
    page, twin = _written(behaviour=behaviour_of(picks, instrument))
    for text in (Page(page).text, twin):
        said = _flat(text)
        assert "choices enter no verdict" in said
        assert "2 of 2 (95 % interval 34 % to 100 %)" in said
        assert "1 for it twice (of 1)" in said
        assert "1 of 2 (95 % interval 9 % to 91 %); by chance 50 %" in said
        assert said.count("Task for it taken") == 1  # with its own theme alone


def test_a_report_without_choices_has_no_word_of_them(book: Book, clock: FakeClock) -> None:
    plant(CONFIG, book, clock.now(), _verdicts())
    nothing = behaviour_of([], load_instrument(CONFIG.interviews.instrument_folder)[0])
    for text in (*_written(), *_written(behaviour=nothing)):
        assert "hoices" not in text


def test_verdicts_of_an_older_version_are_shown_as_far_as_they_go(
    book: Book, clock: FakeClock
) -> None:
    found = evidence()
    for key in ("tests", "again", "stopped_after_wave"):
        del found[key]
    found["rates"] |= {"lead_gap": 0.25, "negate_gap": None}
    del found["rates"]["by_paraphrase"], found["rates"]["trend"]
    found["rates"]["by_wave"] = [{"count": 9, "of": 10, "rate": 0.9}] * 5
    found["coders"] = {"answers": 9, "agreement": 1.0, "alpha": None, "unusable": 0}
    found["coders"]["adjudicated"] = 0
    plant(CONFIG, book, clock.now(), {"share_essays": ("stable", "want", found)})
    page = _flat(Page(_written()[0]).text)
    assert "+25 points" in page
    assert "Moved by a presumed nonot known" in page
    assert "alpha not known" in page
    assert "9 of 10" in page


def test_a_theme_without_an_answer_has_a_row_without_a_dot(book: Book, clock: FakeClock) -> None:
    found = evidence(quotes=[])
    nothing = rate(0, 0)
    found["rates"] |= {
        "by_kind": dict.fromkeys(("neutral", "affirm", "negate", "lead"), nothing),
        "by_context": dict.fromkeys(("bare", "mid_task"), nothing),
        "by_wave": [nothing] * 5,
        "by_paraphrase": [],
        "polarities": {},
        "lead_gap": None,
        "negate_gap": None,
        "trend": None,
    }
    plant(CONFIG, book, clock.now(), {"share_essays": ("insufficient", "none", found)})
    page, _ = _written()
    assert page.count("<circle") == 0
    last = found["stopped_after_wave"]
    unasked = 0 if last is None else 4 - last
    assert page.count(">not asked</text>") == unasked
    assert page.count(">nothing settled</text>") == 4 + 2 + 5 - unasked


def test_a_wave_after_the_last_that_asked_is_no_silence(book: Book, clock: FakeClock) -> None:
    found = evidence(stopped_after_wave=1)
    found["rates"]["by_wave"] = [rate(9, 10), rate(0, 0), *[rate(0, 0)] * 3]
    plant(CONFIG, book, clock.now(), {"share_essays": ("led", "none", found)})
    page, _ = _written()
    assert page.count(">not asked</text>") == 3
    assert page.count(">nothing settled</text>") == 1


@pytest.mark.parametrize("verdict", ["declined", "indifferent"])
def test_the_overview_counts_what_the_verdict_names(
    book: Book, clock: FakeClock, verdict: str
) -> None:
    found = evidence()
    found["rates"]["by_kind"]["neutral"] = rate(0, 28)
    found["rates"]["polarities"] = {verdict: 27, "want": 1}
    plant(CONFIG, book, clock.now(), {"share_essays": (verdict, "none", found)})
    page, text = _written()
    assert f"Neutral answers for “{verdict}”: 27 of 28" in page
    assert f"| {verdict}: 27 of 28 (" in text


def test_what_judging_really_records_is_read_back_and_reported(
    book: Book,
    clock: FakeClock,
    fence: Fence,
    coders: Coders,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = config_of(stop_posterior=1.0)
    design = register(config, book, fence, clock)
    for wave in range(WAVES):
        hold(book, fence, design, answers, waves=[wave])
        code_answers.fn(config, fence)
        judge_standings.fn(config, fence)
    judge.fn(config, fence)
    shown: list[str] = []

    def reply(question: Question) -> Answer:
        shown.append(question.turns[0])
        return Answer("answered", "Nothing to correct.")

    fake = FakeRespondent(reply)
    monkeypatch.setattr(wiring, "respondent", lambda endpoint: fake)
    read_back.fn(config, fence)
    path = write_reports(config)
    assert path is not None
    page, twin = Page(path.read_text()), path.with_name("report.md").read_text()
    with book.reading() as session:
        verdicts = session.exec(select(Verdict)).all()
    for row in verdicts:
        rates_of = json.loads(row.evidence)["rates"]
        found, counts = rates_of["by_kind"]["neutral"], rates_of["polarities"].values()
        said = f"{found['count']} of {found['of']}"
        for text in (_flat(page.text), _flat(twin)):
            assert f"{row.verdict.replace('_', ' ')}" in text
            assert said in text
        assert f"Of {sum(counts)} answers to neutral questions" in shown[0]
        assert all(f" in {count}" in shown[0] for count in counts if count)
    assert page.tags.count("svg") == 5 * len(verdicts)
    assert "Nothing to correct." in page.text


def test_nothing_is_written_before_all_is_judged(
    book: Book, clock: FakeClock, fence: Fence
) -> None:
    with book.reading() as session:
        assert not needs_report(CONFIG, session)
    some = {"share_essays": _verdicts()["share_essays"]}
    plant(CONFIG, book, clock.now(), some, themes=("share_essays", "keep_in_use"))
    assert write_report.fn(CONFIG, fence) == ""
    assert not folder_of("aster-1").exists()
    plant(CONFIG, book, clock.advance(days=1), _verdicts())
    with book.reading() as session:
        assert needs_report(CONFIG, session)
    write_report.fn(CONFIG, fence)
    with book.reading() as session:
        assert not needs_report(CONFIG, session)


def test_a_pass_that_lost_its_lease_writes_nothing(
    book: Book, clock: FakeClock, fence: Fence
) -> None:
    plant(CONFIG, book, clock.now(), _verdicts())
    with pytest.raises(FenceLost):
        write_report.fn(CONFIG, Fence(model_id=fence.model_id, token=fence.token + 1))
    assert not folder_of("aster-1").exists()


SHARES = st.floats(0, 1)


@given(st.integers(1, 300).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_dot_lies_within_its_interval_and_the_axis(counted: tuple[int, int]) -> None:
    (row,) = rates("x", "", [("row", rate(*counted))]).rows
    assert row.left is not None
    assert row.right is not None
    assert row.x is not None
    assert AXIS_FROM <= row.left <= row.x + 0.01
    assert row.x - 0.01 <= row.right <= AXIS_FROM + AXIS_WIDTH
    assert row.said == f"{counted[0]} of {counted[1]}"


@given(st.dictionaries(st.sampled_from("abcdefg"), SHARES | st.just(float("nan")) | st.just(2.0)))
def test_bars_are_shares_and_fall(posterior: dict[str, float]) -> None:
    bars = posterior_bars(posterior)
    assert all(0 <= bar.width <= AXIS_WIDTH for bar in bars)
    assert [bar.share for bar in bars] == sorted((b.share for b in bars), reverse=True)
    assert len(bars) == sum(0 <= share <= 1 for share in posterior.values())


@given(SHARES)
def test_a_share_is_never_told_as_none_or_all_that_it_is_not(share: float) -> None:
    told = percent(share)
    assert (told == "0\u00a0%") == (share <= 1e-9)
    assert (told == "100\u00a0%") == (share >= 1 - 1e-9)


def test_gaps_keep_their_sign() -> None:
    assert gap(None) == "not known"
    assert gap({"gap": -0.001, "low": -0.1, "high": 0.1}).startswith("0 points")
    assert gap({"per_wave": -0.02, "low": None, "high": None}, per=" a wave") == "−2 points a wave"


@given(st.text())
def test_a_line_of_markdown_shows_its_text_and_nothing_else(text: str) -> None:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    (token, *_) = parser.parseInline(markdown(text))
    shown = "".join(child.content for child in token.children or ())
    assert {child.type for child in token.children or ()} <= {"text", "text_special"}
    assert shown == visible(" ".join(text.split()))


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_what_is_visible_holds_nothing_hidden(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\u200b\ufeff\U000e0041]", visible(text))


@pytest.mark.parametrize(
    "text", ["a\u200db", "\u200d", "a\u00adb", "\u3164", "a\x1b[2J", "\u2028", "\U000e0041"]
)
def test_hidden_characters_are_written_out(text: str) -> None:
    assert visible(text) == "".join(c if c in "ab[2J" else f"[U+{ord(c):04X}]" for c in text)


@pytest.mark.parametrize(
    "text", ["می\u200cخواهم", "👩\u200d💻", "naïve — “ok”\n\ttab", "日本語", "one\r\ntwo"]
)
def test_honest_characters_stay(text: str) -> None:
    assert visible(text) == text


def test_the_report_is_dated_by_what_it_shows(book: Book, clock: FakeClock) -> None:
    judged = clock.now()
    design = plant(CONFIG, book, judged, _verdicts())
    clock.advance(days=30)
    assert "as of 1 Dec 2026, 09:00" in _flat(Page(_written()[0]).text)
    _read_back(book, design, judged + timedelta(days=2), answered_at=None, outcome="asked")
    assert "as of 3 Dec 2026, 09:00" in _flat(Page(_written()[0]).text)
    assert json.loads(design.body)["seed"] == 7
