"""Configuration files: every mistake is a line that says what, where, and how to mend."""

from pathlib import Path

import pytest

from configs.errors import ConfigError
from configs.home import CHECKOUT
from configs.json_schema import json_schema
from configs.load import load_golden_prompts, load_instrument, load_retirement
from configs.schema.golden import GoldenPromptsConfig

SHIPPED = sorted((CHECKOUT / "configs" / "models").glob("*.yaml"))
WHOLE = ("display_name", "(document)")
EXAMPLE = (CHECKOUT / "configs" / "models" / "birch-7b.yaml").read_text()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_files_load_and_name_the_schema(path: Path) -> None:
    assert load_retirement(path).id == path.stem
    first = path.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../retirement.schema.json"


@pytest.mark.parametrize("name", ["retirement", "fleet"])
def test_the_schema_file_is_that_of_the_models(name: str) -> None:
    assert (CHECKOUT / "configs" / f"{name}.schema.json").read_text() == json_schema(name)


def test_the_fleets_settings_name_their_schema() -> None:
    first = (CHECKOUT / "configs" / "fleet.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=fleet.schema.json"


@pytest.mark.parametrize(
    ("old", "new", "field", "problem"),
    [
        ("risk_class: low", "risk_clas: low", "candidate.risk_clas", "did you mean 'risk_class'?"),
        ("risk_class: low", "risk_class: tiny", "candidate.risk_class", "should be 'minimal'"),
        (
            "retires_on: 2027-06-30",
            "retires_on: 2027-06-31",
            "candidate.surfaces[0].retires_on",
            "is not a day of the calendar",
        ),
        ("legal_hold: false", "legal_hold: no", "candidate.legal_hold", "written true or false"),
        ("waves: 5", "waves: '5'", "interviews.waves", "should be a valid integer"),
        ("waves: 5", "waves: 0", "interviews.waves", "greater than or equal to 1"),
        (
            "concurrency: 4",
            "concurrency: 4\n  api_key: sk-ant-x",
            "endpoint.api_key",
            "unknown field",
        ),
        ("announced_on: 2027-01-11", "announced_on: 2027-05-11", "candidate", "notice_floor_days"),
        ("name: offsite", "name: vault", "preservation", "share one name"),
        ("approvals_needed: 2", "approvals_needed: 1", "access.approvals_needed", "greater than"),
        ("display_name: Birch 7B\n", "", "display_name", "is missing"),
        ("contexts: [", "contexts: [nowhere, ", "interviews.contexts[0]", "not in the instrument"),
        ("folder: legacy", "folder: legcy", "interviews.instrument_folder", "no such folder"),
        ("  slots: 12", "  preference_theme: tea", "essays.preference_theme", "is no theme"),
        ("coder_b.md.j2", "coder_z.md.j2", "validation.coders[1].template", "is not in"),
        ("allowed_signers: allowed", "allowed_signers: no", "access.allowed_signers", "no such"),
        ("/mnt/offsite", "/mnt/vault/emeritus", "preservation", "lies in vault"),
        ("/mnt/offsite", "/mnt/x/../vault", "preservation", "lies in"),
        ("/srv/models/birch-7b", "/mnt/vault", "preservation", "lies in source_folder"),
        ("seed: 7", "seed: 99999999999999999999", "interviews.seed", "too large"),
        (
            "paraphrases_per_cell: 3",
            "paraphrases_per_cell: 9",
            "interviews.paraphrases_per_cell",
            "would be asked twice",
        ),
        (
            "  seed: 7",
            "  seed: 7\n  follow_ups_per_wave: 40",
            "interviews.follow_ups_per_wave",
            "more than the 15 neutral conversations",
        ),
        ("  seed: 7", "  seed: 7\n  max_cost_usd: 5.0", "interviews.max_cost_usd", "prices"),
        ("waves: 5", "waves: 4", "(document)", "no preference could be found stable"),
        ("minimum_days: 5", "minimum_days: 6", "(document)", "fewer than validation.minimum_days"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, field: str, problem: str
) -> None:
    assert EXAMPLE.count(old) >= 1
    path = tmp_path / "birch-7b.yaml"
    text = EXAMPLE.replace(old, new, 1)
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_retirement(path)
    message = str(refused.value)
    assert message.startswith(f"{path}:"), message
    assert f": {field}: " in message
    assert problem in message
    shown = text.splitlines()[int(message.removeprefix(f"{path}:").split(":")[0]) - 1]
    last = field.rsplit(".", 1)[-1].split("[", maxsplit=1)[0]
    assert shown.strip().removeprefix("- ").startswith(f"{last}:") or field in WHOLE


def test_probes_need_a_second_wave(tmp_path: Path) -> None:
    path = tmp_path / "birch-7b.yaml"
    text = EXAMPLE
    for old, new in (
        ("waves: 5", "waves: 1"),
        ("minimum_days: 5", "minimum_days: 1"),
        ("minimum_span_hours: 168", "minimum_span_hours: 0"),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"interviews\.probes_per_kind: .*ask 2 waves or more"):
        load_retirement(path)
    path.write_text(text.replace("probes_per_kind: 15", "probes_per_kind: 0"))
    assert load_retirement(path).interviews.waves == 1


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "birch-7b.yaml"
    path.write_text(EXAMPLE.replace("waves: 5", "waves: many").replace("seed: 7", "sed: 7"))
    with pytest.raises(ConfigError) as refused:
        load_retirement(path)
    assert len(str(refused.value).splitlines()) == 2


def test_a_secret_in_the_base_url_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "birch-7b.yaml"
    path.write_text(EXAMPLE.replace("http://127.0.0.1:8000", "https://user:pw@host"))
    with pytest.raises(ConfigError, match="base_url"):
        load_retirement(path)


def test_the_file_is_named_after_the_model(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(EXAMPLE)
    with pytest.raises(ConfigError, match=r"rename the file to birch-7b\.yaml"):
        load_retirement(path)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_file_is_one_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"x\.yaml: "):
        load_retirement(path)


def test_the_shipped_instrument_loads() -> None:
    instrument, codebook = load_instrument(Path("legacy"))
    assert {item.theme for item in instrument.items} == {theme.id for theme in codebook.themes}


# golden prompts

PROMPTS = """\
prompts:
  - id: add
    text: What is 2 + 3?
  - id: haiku
    text: Write a haiku.
recorded:
  stack:
    program: llama-numpy 1
  outputs:
    - prompt: add
      tokens: [5]
    - prompt: haiku
      text: A frog.
"""
NO_WEIGHTS = EXAMPLE.replace("  source_folder: /srv/models/birch-7b\n", "")
GOLDEN = "\npreservation:\n  golden_prompts:\n    prompts_file: golden.yaml\n    samples: 5"


def _golden(path: Path) -> GoldenPromptsConfig:
    return GoldenPromptsConfig(prompts_file=path)


def test_the_shipped_prompts_load() -> None:
    prompts, _ = load_golden_prompts(_golden(CHECKOUT / "configs" / "golden" / "example.yaml"))
    assert len(prompts.prompts) == 8
    assert prompts.recorded is None


def test_the_digest_is_of_what_is_asked_and_of_nothing_else(home: Path) -> None:
    home.mkdir()

    def digest(text: str) -> str:
        (home / "golden.yaml").write_text(text)
        return load_golden_prompts(_golden(Path("golden.yaml")))[1]

    first = digest(PROMPTS)
    turned = "prompts:\n  - {text: Write a haiku., id: haiku}\n  - {id: add, text: What is 2 + 3?}"
    assert digest(turned) == first
    assert digest(PROMPTS.replace("2 + 3", "2 + 4")) != first
    assert digest(PROMPTS.replace("id: haiku", "max_tokens: 9\n    id: haiku")) != first


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "problem"),
    [
        ("id: haiku", "id: add", 4, "prompts[1].id", "'add' stands twice"),
        ("text: Write a haiku.", "text: ' '", 5, "prompts[1].text", "is blank"),
        ("text: Write", "txt: Write", 5, "prompts[1].txt", "did you mean 'text'?"),
        ("prompt: add", "prompt: haiku", 12, "recorded.outputs[1].prompt", "two outputs"),
        ("prompt: haiku", "prompt: haiko", 12, "recorded.outputs[1].prompt", "; haiku is"),
        ("tokens: [5]", "tokens: ['5']", 11, "recorded.outputs[0].tokens[0]", "valid integer"),
        ("tokens: [5]", "logits_sha256: ab", 11, "recorded.outputs[0].logits_sha256", "match"),
    ],
)
def test_a_mistake_in_prompts_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, field: str, problem: str
) -> None:
    path = tmp_path / "golden.yaml"
    path.write_text(PROMPTS.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        load_golden_prompts(_golden(path))
    assert str(refused.value).startswith(f"{path}:{line}: {field}: ")
    assert problem in str(refused.value)


@pytest.mark.parametrize(
    ("model", "golden", "field", "problem"),
    [
        (EXAMPLE, ("golden.yaml", "gold.yaml"), "prompts_file", "no such file"),
        (NO_WEIGHTS, ("samples: 5", "samples: 0"), "samples", "ask at least 1"),
        (NO_WEIGHTS, ("\n    samples: 5", ""), "", "ask at least 1"),
        (EXAMPLE, ("samples: 5", "max_calls: 9\n    samples: 5"), "max_calls", "are 10 calls"),
    ],
    ids=["no file", "asks nothing", "asks nothing by default", "over the ceiling"],
)
def test_golden_prompts_that_can_not_be_asked_are_refused(
    home: Path, tmp_path: Path, model: str, golden: tuple[str, str], field: str, problem: str
) -> None:
    home.mkdir()
    (home / "golden.yaml").write_text(PROMPTS)
    path = tmp_path / "birch-7b.yaml"
    text = model.replace("\npreservation:", GOLDEN.replace(*golden))
    path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load_retirement(path)
    (message,) = str(refused.value).splitlines()
    where = ": preservation.golden_prompts."
    assert where + field in message
    assert problem in message
    shown = text.splitlines()[int(message.removeprefix(f"{path}:").split(":")[0]) - 1]
    assert shown.strip().startswith(field or "golden_prompts:")


@pytest.mark.parametrize("model", [EXAMPLE, NO_WEIGHTS], ids=["weights", "no weights"])
def test_golden_prompts_stand_under_home(home: Path, tmp_path: Path, model: str) -> None:
    home.mkdir()
    (home / "golden.yaml").write_text(PROMPTS)
    path = tmp_path / "birch-7b.yaml"
    path.write_text(model.replace("\npreservation:", GOLDEN))
    golden = load_retirement(path).preservation.golden_prompts
    assert golden is not None
    assert golden.samples == 5


def test_a_mistake_in_the_prompts_refuses_the_retirement(home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / "golden.yaml").write_text(PROMPTS.replace("id: haiku", "id: add"))
    path = tmp_path / "birch-7b.yaml"
    path.write_text(EXAMPLE.replace("\npreservation:", GOLDEN))
    with pytest.raises(ConfigError, match=r"golden\.yaml:4: prompts\[1\]\.id"):
        load_retirement(path)
