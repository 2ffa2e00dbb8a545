"""The model card as its readers have it: people, the Hub's YAML, and Markdown renderers."""

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tasks.preservation.described import Described
from tasks.preservation.markdown_text import one_line
from tasks.preservation.model_card import MOST_ROWS, number, render_model_card, size
from tasks.preservation.payload import PayloadFile
from tasks.preservation.payload_kind import TEMPLATE_NOTE
from tests.fakes.described import (
    COMPLETE,
    FILES,
    FULL,
    GOLDEN,
    PICKLE,
    WEIGHTS,
    described,
    fully_described,
)

NASTY = [
    "MIT\nbase_model: evil/model",
    "---\nlicense: mit\n---\n# Free for all",
    '"quoted": {a: [b',
    "no",
    "1e3",
    "<script>alert(1)</script> | `x` | **y**",
    "| a | b |\n| --- | --- |",
    "\x1b[2J\x00",
]
FOREIGN = st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=40))
RESULT = {"name": "MMLU", "metric": "accuracy", "value": 0.83}


class Card:
    """A card taken apart."""

    def __init__(self, d: Described) -> None:
        self.text = render_model_card(d).decode()
        start, front, self.body = self.text.split("---\n", 2)
        assert not start
        self.front: dict[str, Any] = yaml.safe_load(front)
        parser = MarkdownIt("commonmark", {"html": True}).enable("table")
        self.tokens = parser.parse(self.body)
        self.sections: dict[str, list[str]] = {}
        self.rows: dict[str, list[list[str]]] = {}
        self._sort()

    def _sort(self) -> None:
        title, kind = "", ""
        for token in self.tokens:
            kind = token.type if token.type.endswith("_open") else kind
            if token.type == "tr_open":
                self.rows.setdefault(title, []).append([])
            if token.type != "inline":
                continue
            text = "".join(c.content for c in token.children or [] if c.type != "softbreak")
            if kind == "heading_open":
                title = text
                self.sections[title] = []
            elif kind in ("td_open", "th_open"):
                self.rows[title][-1].append(text)
            else:
                self.sections.setdefault(title, []).append(text)

    @property
    def markup(self) -> set[str]:
        inline = [child.type for token in self.tokens for child in token.children or []]
        return {token.type for token in self.tokens} | set(inline)


def test_front_matter_has_what_the_hub_reads() -> None:
    assert Card(fully_described()).front == {
        "model_name": "Aster 1",
        "license": "apache-2.0",
        "base_model": "example/aster-0",
    }


@pytest.mark.parametrize(
    ("licence", "texts", "front"),
    [
        ("", {}, {}),
        ("", {"licence.txt": b"x"}, {"license": "other", "license_link": "licence.txt"}),
        ("MIT", {"licence.txt": b"x"}, {"license": "mit"}),
        ("MIT OR Apache-2.0", {}, {"license": "other", "license_name": "mit-or-apache-2.0"}),
        (
            "Lab Community Licence, v1.2",
            {"licence.txt": b"x"},
            {
                "license": "other",
                "license_name": "lab-community-licence-v1.2",
                "license_link": "licence.txt",
            },
        ),
        ("许可", {}, {"license": "other"}),
    ],
)
def test_a_licence_that_the_hub_does_not_know_is_other(
    licence: str, texts: dict[str, bytes], front: dict[str, str]
) -> None:
    found = Card(described({"licence": licence}, texts=texts)).front
    assert found == {"model_name": "Aster 1"} | front


def test_a_base_model_in_words_is_only_in_the_text() -> None:
    card = Card(described({"training_details": {"base_model": "an older Aster"}}))
    assert "base_model" not in card.front
    assert ["Tuned from", "an older Aster"] in card.rows["How it was made"]


@settings(deadline=None, max_examples=40)
@given(FOREIGN, FOREIGN, FOREIGN)
@example(*NASTY[:3])
def test_foreign_text_adds_nothing_to_a_card(licence: str, behaviour: str, base: str) -> None:
    metadata = {
        **FULL,
        "licence": licence,
        "known_behaviours": [behaviour],
        "training_details": {"base_model": base, "architecture": behaviour},
        "evaluation_results": [{"name": behaviour, "metric": base, "value": 0.5}],
    }
    card = Card(described(metadata))
    plain = Card(described({**FULL, "evaluation_results": [{**RESULT, "name": "x"}]}))
    assert list(card.sections) == list(plain.sections)
    assert card.markup <= plain.markup
    assert set(card.front) <= {"model_name", "license", "license_name", "base_model"}
    assert all(isinstance(value, str) for value in card.front.values())
    if behaviour.strip():
        assert card.sections["Known behaviours"] == [one_line(behaviour)]
        assert ["Architecture", one_line(behaviour)] in card.rows["How it was made"]
    row = card.rows["Evaluation results"][1]
    assert row == [one_line(behaviour), one_line(base), "0.5", "not told", "not told"]


def test_a_full_card_tells_everything() -> None:
    card = Card(fully_described())
    assert card.rows["Aster 1"][1:] == [
        ["Name", "Aster 1"],
        ["Id", "aster-1"],
        ["Version", "2026-05-14"],
        ["Name where it was served", "aster-1"],
        ["Licence", "Apache-2.0"],
        ["Kept here", "6 files, 15.3 kB"],
    ]
    assert ["Number of weights", "7,241,732,096"] in card.rows["How it was made"]
    assert card.rows["Evaluation results"][1:] == [
        ["MMLU", "accuracy", "0.83", "not told", "report"],
        ["latency", "median", "120 ms", "not told", "not told"],
    ]
    assert card.sections["Known behaviours"] == ["Answers in the language of the question."]
    assert card.sections["Notable strengths"] == ["Short answers."]
    assert card.sections["Golden prompts"][0] == (
        "2 prompts.The model's answers where it was served are kept for 2 of 2: 2 in all."
        "A restored model can be compared with them."
    )
    assert ["Last day of service: api", "2027-03-01"] in card.rows["Retirement"]
    assert ["Successor", "aster-2"] in card.rows["Retirement"]
    made = card.rows["How it was preserved"]
    assert ["Bag that it was first put into", "aster-1-20261201-0123abcd"] in made
    assert ["Package id", "d" * 64] in made
    for path in ("licence.txt", "training-notes.md", "attachments/system%20card.pdf"):
        assert f"]({path})" in card.text
    assert card.sections["What is not known"] == [
        "All that Emeritus asks for was told. That is not all there is to know."
    ]
    assert "SIMULATED" not in card.text


def test_every_gap_is_listed_and_nothing_is_made_up() -> None:
    files = {"files": (PICKLE,)}
    card = Card(described({"required": []}, candidate={"successor": ""}, **files))
    gaps = card.sections["What is not known"][1:]
    assert len(gaps) == 20
    for gap in ("Its version.", "Who made it.", "What it was trained on."):
        assert gap in gaps
    assert any("licence" in gap for gap in gaps)
    assert card.sections["How it was made"] == ["Not told."]
    for title in ("Evaluation results", "Known behaviours", "Notable strengths"):
        assert card.sections[title] == ["None were given."]
    assert card.sections["Golden prompts"] == ["None were kept."]
    assert ["Successor", "none named"] in card.rows["Retirement"]


def test_blank_sentences_tell_nothing() -> None:
    card = Card(described({"known_behaviours": [" ", ""], "licence": " "}))
    assert card.sections["Known behaviours"] == ["None were given."]
    assert "license" not in card.front


def test_a_pickle_is_warned_of_before_the_files() -> None:
    card = Card(described())
    assert card.sections["Files"][0].startswith("Warning: 1 of these files is a Python pickle.")
    assert card.rows["Files"][3] == [
        "training_args.bin",
        "5.3 kB",
        "pickle",
        "training state",
        PICKLE.note,
    ]
    assert "Warning" not in Card(described(files=(WEIGHTS,))).text


def test_a_folder_of_very_many_files_leaves_the_rest_to_the_list() -> None:
    files = tuple(PayloadFile(f"{n}.json", 1, "00" * 32, "other") for n in range(MOST_ROWS + 7))
    card = Card(described(files=files))
    assert len(card.rows["Files"]) == MOST_ROWS + 1
    assert "And 7 more. files.json lists every file." in card.sections["Files"]


def test_a_model_without_weights_is_said_to_have_none() -> None:
    golden = {"golden_prompts": {"prompts_file": "p.yaml"}, "source_folder": None}
    card = Card(described(preservation=golden, golden=GOLDEN))
    assert ["Kept here", "prompts and recorded answers; no weights"] in card.rows["Aster 1"]
    assert "Its weights: they were not at hand." in card.sections["What is not known"]


@pytest.mark.parametrize(
    "golden",
    [
        {"prompts.json": GOLDEN["prompts.json"]},
        {
            "prompts.json": GOLDEN["prompts.json"],
            "answers.jsonl": b'{"prompt": "a", "outcome": "failed"}\n',
        },
    ],
)
def test_prompts_that_nobody_answered_are_no_record_of_behaviour(golden: dict[str, bytes]) -> None:
    card = Card(described(golden=golden))
    assert card.sections["Golden prompts"][0] == "2 prompts.No answers were recorded."
    assert any(gap.startswith("How it answered") for gap in card.sections["What is not known"])


def test_one_output_of_two_is_not_all() -> None:
    recorded = b'{"stack": {"program": "x"}, "outputs": [{"prompt": "a", "text": "A"}]}'
    golden = {"prompts.json": GOLDEN["prompts.json"], "recorded.json": recorded}
    card = Card(described(golden=golden))
    assert card.sections["Golden prompts"][0] == (
        "2 prompts.Outputs that were recorded elsewhere are kept for 1 of 2."
        "A restored model can be compared with them."
    )
    gap = "How it answered 1 of the 2 golden prompts: no recorded answers were kept."
    assert gap in card.sections["What is not known"]


def test_prompts_alone_are_not_said_to_be_answers() -> None:
    asked = {"golden_prompts": {"prompts_file": "p.yaml"}, "source_folder": None}
    golden = {"prompts.json": GOLDEN["prompts.json"]}
    card = Card(described(preservation=asked, golden=golden))
    assert ["Kept here", "prompts, without answers; no weights"] in card.rows["Aster 1"]


def test_what_the_files_tell_is_told_with_where_it_stands() -> None:
    card = Card(described(files=COMPLETE))
    assert card.rows["How it was made"][1:] == [
        ["Architecture, as config.json says", "AsterForCausalLM"],
        ["Number of weights, as counted in the safetensors headers", "32 numbers in its tensors"],
    ]
    gaps = card.sections["What is not known"]
    assert not {"Its architecture.", "How many weights it has."} & set(gaps)
    assert not [gap for gap in gaps if "no such file" in gap]


def test_a_tensor_that_two_files_of_a_folder_have_counts_once() -> None:
    def at(path: str) -> PayloadFile:
        return replace(WEIGHTS, path=path)

    assert described(files=(WEIGHTS, at("model.fp16.safetensors"))).elements == 32
    assert described(files=(at("unet/a.safetensors"), at("vae/a.safetensors"))).elements == 64


@pytest.mark.parametrize(
    ("more", "gaps"),
    [
        ((), ["Its tokenizer", "Its chat template", "Its generation settings"]),
        (COMPLETE[3:4], ["Its chat template", "Its generation settings"]),
        (COMPLETE[3:], []),
        (
            (PayloadFile("tokenizer_config.json", 9, "00" * 32, "other"), *COMPLETE[5:]),
            ["Its chat template: no such file is here; none was seen in tokenizer_config.json."],
        ),
        (
            (
                PayloadFile("tokenizer_config.json", 9, "00" * 32, "other", (), TEMPLATE_NOTE),
                *COMPLETE[5:],
            ),
            [],
        ),
        (
            (PayloadFile("m.gguf", 9, "00" * 32, "gguf"),),
            [
                "Its chat template: no such file is here; the GGUF file may hold one.",
                "Its generation settings",
            ],
        ),
    ],
)
def test_weights_without_what_they_need_are_told(
    more: tuple[PayloadFile, ...], gaps: list[str]
) -> None:
    card = Card(described(files=(*FILES, *more)))
    found = [gap for gap in card.sections["What is not known"] if "no such file" in gap]
    assert len(found) == len(gaps)
    assert all(gap.startswith(said) for gap, said in zip(found, gaps, strict=True))


@pytest.mark.parametrize("path", ["LICENSE", "sub/COPYING.txt"])
def test_a_licence_among_the_files_is_no_gap(path: str) -> None:
    files = (*FILES, PayloadFile(path, 9, "00" * 32, "other"))
    for licence in ("", "MIT"):
        card = Card(described({"licence": licence}, files=files))
        assert not [gap for gap in card.sections["What is not known"] if "licence" in gap]
        assert f"| Licence | {licence or 'see its text'} |" in card.text
    alone = Card(described({"licence": "MIT"}, files=FILES))
    assert "The text of its licence." in alone.sections["What is not known"]


def test_a_gguf_alone_brings_its_configuration_and_tokenizer() -> None:
    card = Card(described(files=(PayloadFile("m.gguf", 9, "00" * 32, "gguf"),)))
    found = [gap for gap in card.sections["What is not known"] if "no such file" in gap]
    assert [gap.partition(":")[0] for gap in found] == [
        "Its chat template",
        "Its generation settings",
    ]


def test_a_simulation_is_labelled_on_top() -> None:
    card = Card(fully_described(simulated=True))
    assert card.sections[""] == [
        "SIMULATED: a demonstration made these files. They are not a real model."
    ]
    assert list(card.sections)[1] == "[SIMULATED] Aster 1"
    assert card.front["tags"] == ["simulated"]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (14_483_464_192, "14.5 GB"),
        (5_000_000_000_000_000, "5000.0 TB"),
    ],
)
def test_sizes_are_in_a_fitting_unit(count: int, words: str) -> None:
    assert size(count) == words


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_result_keeps_all_its_digits(value: float) -> None:
    assert float(number(value)) == value
