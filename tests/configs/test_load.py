"""Configuration files: every mistake is a line that says what, where, and how to mend."""

from pathlib import Path

import pytest

from configs.errors import ConfigError
from configs.home import CHECKOUT
from configs.json_schema import json_schema
from configs.load import load_instrument, load_retirement

SHIPPED = sorted((CHECKOUT / "configs" / "models").glob("*.yaml"))
WHOLE = ("display_name", "(document)")
EXAMPLE = (CHECKOUT / "configs" / "models" / "birch-7b.yaml").read_text()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_shipped_files_load_and_name_the_schema(path: Path) -> None:
    assert load_retirement(path).id == path.stem
    first = path.read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../retirement.schema.json"


def test_the_schema_file_is_that_of_the_models() -> None:
    assert (CHECKOUT / "configs" / "retirement.schema.json").read_text() == json_schema()


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
