"""People's coding: a sheet that is blind and safe, read back line by line, all or nothing."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from configs.load import load_instrument
from configs.schema import RetirementConfig
from tasks.kernel.errors import DecisionRefused, NotFound, SystemRefused
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.interview import Conversation
from tasks.records.validation import Coding, Verdict
from tasks.validation.coding import Asked, Reading, from_json
from tasks.validation.human_coding import agreement_with, coders_of, export_sheet, import_sheet
from tasks.validation.people import readings_of, sheet_of
from tasks.validation.sheet import (
    HEADER,
    SheetRow,
    SheetUnreadable,
    plain,
    read_sheet,
    safe,
    write_sheet,
)
from tasks.validation.task import code_answers, judge, judge_standings
from tasks.validation.view import assess
from tests.fakes.clock import FakeClock
from tests.tasks.validation.answering import (
    ALL,
    THEMES,
    Coders,
    config_of,
    conversation,
    hold,
    readings,
    register,
    says,
)

KNOWN = ("share_essays", "keep_in_use")
ASKED = {
    "one": Asked("I would like that.\nReally.", ("share_essays",), KNOWN),
    "two": Asked("=HYPERLINK(1) I would rather not.", KNOWN, KNOWN),
}
cells = st.text(max_size=40)


@given(cells)
def test_no_cell_is_a_formula_and_every_text_comes_back(text: str) -> None:
    assert plain(safe(text)) == text
    assert not safe(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))


@given(st.lists(st.tuples(cells, cells, cells, cells, cells), max_size=5))
def test_a_sheet_comes_back_as_it_was(rows: list[tuple[str, str, str, str, str]]) -> None:
    written = [SheetRow(*row) for row in rows if any(cell.strip() for cell in row)]
    found = read_sheet(write_sheet(written))
    assert [SheetRow(*(getattr(row, name) for name in HEADER)) for row in found] == written


def test_lines_are_counted_through_cells_with_line_breaks() -> None:
    sheet = write_sheet([SheetRow("one", "a", "x\ny\r\nz"), SheetRow("two", "a", "w")])
    assert [row.line for row in read_sheet(sheet)] == [2, 5]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_of_other_languages_are_read(delimiter: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([["note", *HEADER], ["mine", "one", "share_essays", "a, b; c", "want", "a"]])
    (row,) = read_sheet(out.getvalue())
    assert (row.answer, row.polarity, row.quote) == ("a, b; c", "want", "a")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("theme,polarity\n", 1),
        (",".join(HEADER) + "\none,two\n", 2),
        (",".join(HEADER) + '\n"one","two","three"x,"",""\n', 2),
    ],
)
def test_what_is_no_sheet_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(SheetUnreadable) as refused:
        read_sheet(text)
    assert refused.value.line == line


def test_every_answer_stands_with_every_theme_in_an_order_by_the_seed() -> None:
    asked = {f"c{n}": Asked(f"Answer {n}", ("share_essays",), KNOWN) for n in range(20)}
    rows = sheet_of(asked, sample=None, seed=1)
    assert len(rows) == 40
    assert all(not row.polarity and not row.quote for row in rows)
    order = [row.conversation_id for row in rows[::2]]
    assert order != sorted(order)
    assert order == [row.conversation_id for row in sheet_of(asked, sample=None, seed=1)[::2]]
    assert order != [row.conversation_id for row in sheet_of(asked, sample=None, seed=2)[::2]]
    assert [r.conversation_id for r in sheet_of(asked, sample=3, seed=1)[::2]] == order[:3]


def filled(**changes: Any) -> SheetRow:
    row = {"conversation_id": "one", "theme": "share_essays", "answer": ASKED["one"].answer}
    return SheetRow(
        **{**row, "polarity": "want", "quote": "I would like that.", "line": 7, **changes}
    )


def test_themes_left_empty_are_off_topic_and_answers_left_empty_are_not_coded() -> None:
    rows = [
        filled(polarity=" Want "),
        filled(conversation_id="two", answer=ASKED["two"].answer, polarity="", quote=""),
    ]
    coded, mistakes = readings_of(rows, ASKED)
    assert mistakes == []
    assert coded == {"one": {"share_essays": Reading("want", "I would like that.")}}
    none = filled(polarity="off_topic", quote="", theme="keep_in_use")
    assert readings_of([none], ASKED)[0] == {"one": {"share_essays": Reading("off_topic")}}


@pytest.mark.parametrize(
    ("row", "field", "problem"),
    [
        (filled(conversation_id="three"), "conversation_id", "'three' is no answer"),
        (filled(theme="essays"), "theme", "the themes are share_essays, keep_in_use"),
        (filled(answer="I would like that, really."), "answer", "is not the recorded answer"),
        (filled(polarity="yes"), "polarity", "'yes' is none of want, reject"),
        (filled(polarity=""), "polarity", "is empty beside a quote"),
        (filled(quote=""), "quote", "is empty; copy the words of the answer"),
        (filled(quote="I would love that."), "quote", "stands nowhere in the answer"),
    ],
)
def test_a_mistake_names_line_field_and_how_to_mend_it(
    row: SheetRow, field: str, problem: str
) -> None:
    coded, mistakes = readings_of([filled(conversation_id="one", line=3), row], ASKED)
    assert coded == {}
    found = [m for m in mistakes if m.line == 7 and m.field == field]
    assert problem in found[0].problem


def test_a_theme_that_stands_twice_is_refused() -> None:
    _, mistakes = readings_of([filled(), filled(line=9)], ASKED)
    assert [(m.line, m.field) for m in mistakes] == [(9, "theme")]


def fill(file: Path, *, skip: int = 0, wrong: int = 0) -> None:
    """Fill a sheet in as a person does, with their own spreadsheet."""
    rows = read_sheet(file.read_text(encoding="utf-8"))
    done = []
    for place, row in enumerate(rows):
        polarity, quote = readings(row.answer).get(row.theme, ("", ""))
        if place < wrong:
            polarity, quote = "indifferent", ""
        if place < skip:
            polarity, quote = "", ""
        done.append(SheetRow(row.conversation_id, row.theme, row.answer, polarity, quote))
    file.write_text(write_sheet(done), encoding="utf-8", newline="")


def codings(book: Book, name: str = "human-ada") -> dict[str, Coding]:
    with book.reading() as session:
        rows = session.exec(select(Coding).where(Coding.coder == name))
        return {row.conversation_id: row for row in rows}


def test_a_person_checks_the_coders(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, tmp_path: Path
) -> None:
    config, file = config_of(), tmp_path / "answers.csv"
    hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    code_answers.fn(config, fence)
    assert export_sheet(config, book, file, sample=10, seed=3) == 10
    sheet = file.read_text(encoding="utf-8")
    assert sheet.splitlines()[0] == "\ufeff" + ",".join(f'"{name}"' for name in HEADER)
    assert not any(row.polarity or row.quote for row in read_sheet(sheet))
    assert len(read_sheet(sheet)) == 10 * len(THEMES)
    fill(file)
    said = import_sheet(config, book, file, coder="ada", now=clock.now())
    assert said.startswith("10 answers coded by ada are recorded, 0 were before.")
    assert "human-ada agrees with the settled coding in 100.0%" in said
    assert "is reached" in said
    recorded = codings(book)
    assert len(recorded) == 10
    themes = {name: set(from_json(row.readings)) for name, row in recorded.items()}
    with book.reading() as session:
        for name, found in themes.items():
            assert found == set(session.get_one(Conversation, name).asked_about)
    again = import_sheet(config, book, file, coder="ada", now=clock.now())
    assert again.startswith("0 answers coded by ada are recorded, 10 were before.")
    judge_standings.fn(config, fence)
    judge.fn(config, fence)
    with book.reading() as session:
        assert len(session.exec(select(Verdict)).all()) == len(THEMES)
    assert coders_of(config, book) == ("coder-b", "human-ada")
    assert "coder-b agrees with coder-a in 100.0%" in agreement_with(config, book, "coder-b")
    assert book.verify_audit().problems == ()


def test_one_bad_line_and_nothing_is_recorded(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, tmp_path: Path
) -> None:
    config, file = config_of(), tmp_path / "answers.csv"
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    export_sheet(config, book, file, sample=None, seed=0)
    fill(file)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"want"', '"wants"', 1), encoding="utf-8", newline="")
    with pytest.raises(DecisionRefused, match=r"answers\.csv:\d+: polarity: 'wants' is none of"):
        import_sheet(config, book, file, coder="ada", now=clock.now())
    assert codings(book) == {}
    file.write_text(text[:200], encoding="utf-8", newline="")
    with pytest.raises(DecisionRefused, match=r"answers\.csv:\d+: "):
        import_sheet(config, book, file, coder="ada", now=clock.now())


def test_a_coding_is_not_changed_afterwards(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, tmp_path: Path
) -> None:
    config, file = config_of(), tmp_path / "answers.csv"
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    export_sheet(config, book, file, sample=None, seed=0)
    fill(file)
    import_sheet(config, book, file, coder="ada", now=clock.now())
    before = codings(book)
    fill(file, wrong=1)
    with pytest.raises(DecisionRefused, match="coded this answer otherwise before"):
        import_sheet(config, book, file, coder="ada", now=clock.now())
    assert codings(book) == before
    import_sheet(config, book, file, coder="ada2", now=clock.now())
    assert len(codings(book, "human-ada2")) == len(before)


def test_a_person_takes_the_second_coders_place(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, tmp_path: Path
) -> None:
    config, file = config_of(human_coder="ada"), tmp_path / "answers.csv"
    answered = hold(book, fence, register(config, book, fence, clock), says, waves=ALL)
    code_answers.fn(config, fence)
    assert len(coders["a"].asked) == len(answered)
    assert not coders["b"].asked
    waits = assess(config, book, clock.now())
    assert waits.state is StageState.WAITING
    assert f"human-ada: {len(answered)} of {len(answered)} answers" in waits.reason
    assert waits.command == "emeritus coding export aster-1 answers.csv"
    judge_standings.fn(config, fence)
    export_sheet(config, book, file, sample=None, seed=0)
    fill(file, skip=2)  # the first answer is left for later
    import_sheet(config, book, file, coder="ada", now=clock.now())
    assert "human-ada: 1 of" in assess(config, book, clock.now()).reason
    rest = tmp_path / "rest.csv"
    assert export_sheet(config, book, rest, sample=None, seed=0) == 1
    fill(rest, wrong=1)
    import_sheet(config, book, rest, coder="ada", now=clock.now())
    with pytest.raises(NotFound, match="no answer is left"):
        export_sheet(config, book, tmp_path / "none.csv", sample=None, seed=0)
    assert assess(config, book, clock.now()).state is StageState.DUE
    code_answers.fn(config, fence)  # where the two differ, the adjudicator reads
    assert len(coders["c"].asked) <= 1
    judge_standings.fn(config, fence)
    judge.fn(config, fence)
    assert "to be shown the summary" in assess(config, book, clock.now()).reason


def test_refusals_name_what_to_do(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, tmp_path: Path
) -> None:
    config, file = config_of(), tmp_path / "answers.csv"
    with pytest.raises(NotFound, match="no design is registered"):
        export_sheet(config, book, file, sample=None, seed=0)
    hold(book, fence, register(config, book, fence, clock), says, waves=[0])
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(DecisionRefused, match="exists already"):
        export_sheet(config, book, file, sample=None, seed=0)
    assert file.read_text(encoding="utf-8") == "mine"
    with pytest.raises(SystemRefused):
        export_sheet(config, book, tmp_path / "no" / "folder.csv", sample=None, seed=0)
    with pytest.raises(SystemRefused):
        import_sheet(config, book, tmp_path / "absent.csv", coder="ada", now=clock.now())
    with pytest.raises(DecisionRefused, match="is no coder's name"):
        import_sheet(config, book, file, coder="Ada L.", now=clock.now())
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DecisionRefused, match="not UTF-8"):
        import_sheet(config, book, file, coder="ada", now=clock.now())


def test_words_of_the_interviewer_are_no_persons_quote_either(
    book: Book, fence: Fence, clock: FakeClock, coders: Coders, tmp_path: Path
) -> None:
    config, file = config_of(), tmp_path / "answers.csv"
    design = register(config, book, fence, clock)
    probe = conversation(design, says, "probe", 0, "affirm", "bare", ["share_essays"])
    instrument, _ = load_instrument(config.interviews.instrument_folder)
    echoed = next(i for i in instrument.items if i.theme == "share_essays").probes.affirm[0]
    probe.text = f"{echoed} You say so."
    with book.writing(clock.now(), fence=fence) as writing:
        writing.put(probe, "interviews.answered")
    row = SheetRow("probe", "share_essays", probe.text, "want", echoed)
    file.write_text(write_sheet([row]), encoding="utf-8", newline="")
    with pytest.raises(DecisionRefused, match="only repeats what the interviewer said"):
        import_sheet(config, book, file, coder="ada", now=clock.now())


def test_a_name_for_people_is_no_coders() -> None:
    coder = config_of().validation.coders[0].model_dump(mode="json")
    with pytest.raises(ValueError, match="named as people are"):
        _renamed(coder)


def _renamed(coder: dict[str, Any]) -> RetirementConfig:
    other = config_of().validation.coders[1].model_dump(mode="json")
    return config_of(coders=[{**coder, "name": "human-ada"}, other])
