"""Whatever is answered becomes a file that loads and says just that, or nothing is written."""

import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import typer
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from configs.errors import ConfigError, EmeritusError
from configs.load import PEOPLE, load_retirement
from configs.schema import RetirementConfig
from flows import init as making
from flows import init_answers as answering
from flows.init import add_signer, rendered, scalar, write
from flows.init_answers import Answers, Owner, Replica
from flows.init_command import _GOLDEN, init
from tasks.wiring import using_clock
from tests.fakes.clock import FakeClock

RECIPIENTS = (
    "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg",
)
PLAIN = Answers(
    "birch-7b", "Birch 7B", "http://127.0.0.1:8000", "birch-7b", "BIRCH_API_KEY",
    date(2026, 12, 1), date(2027, 4, 1), (Owner("Search team", "search@example.org"),),
    (Replica("replica-1", "replicas/a"), Replica("replica-2", "/mnt/b")), "paula",
    source="models/birch", trusted=True,
)  # fmt: skip
#: What YAML, or some reader of it, would take for something else.
# fmt: off
ODD = ["no", "Yes", "~", "true", "1e3", "0x10", "1_000", "12:30:45", "2026-11-26", "*ref",
       "&name", "!tag", "- a", "a: b", "a #b", "#", "'", '"', "{a}", "[a", "a, b", "@x", "`x`",
       "%x", "|", ">", "?", ":", "=", "<<", "\\", "Ünïcode", "日本", "😀", "\u2028", "\x85",
       "a\u00a0b", " lead", "trail ", "{{ x }}", "{% x %}",
       "null", "0o7", ".inf", "on", "-", "---", "...", "1",
       "1.0"]
# fmt: on
NAMES = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
)
VISIBLE = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="@,"),
    min_size=1,
    max_size=20,
)


def loaded(answers: Answers, folder: Path) -> RetirementConfig:
    file = folder / f"{answers.id}.yaml"
    write(answers, file, force=True)
    return load_retirement(file)


def said(config: RetirementConfig, answers: Answers) -> dict[str, object]:
    """The answers, as the configuration has them."""
    keep, replicas = config.preservation, config.preservation.replicas
    return {
        "id": config.id,
        "name": config.display_name,
        "base_url": config.endpoint.base_url,
        "model": config.endpoint.model,
        "api_key_env": config.endpoint.api_key_env,
        "announced_on": config.candidate.announced_on,
        "retires_on": config.candidate.first_retires_on,
        "owners": tuple(Owner(one.name, one.contact) for one in config.candidate.owners),
        "replicas": tuple(
            Replica(one.name, bucket=one.s3.bucket, prefix=one.s3.prefix)
            if one.s3
            else Replica(one.name, str(one.directory))
            for one in replicas
        ),
        "proposer": config.access.proposer,
        "source": str(keep.source_folder) if keep.source_folder else "",
        "golden": str(keep.golden_prompts.prompts_file) if keep.golden_prompts else "",
        "recipients": keep.recipients,
        "trusted": any(one.trusted_disk for one in replicas),
        "coders": tuple(
            one.endpoint.model for one in (*config.validation.coders, config.validation.adjudicator)
        ),
        "coder_url": answers.coder_url and config.validation.coders[0].endpoint.base_url,
        "coder_key_env": answers.coder_key_env and config.validation.coders[0].endpoint.api_key_env,
        "signers": str(config.access.allowed_signers),
        "notice_days": config.candidate.notice_floor_days,
        "successor": config.candidate.successor,
        "risk_class": config.candidate.risk_class,
        "model_version": config.preservation.metadata.model_version,
        "licence": config.preservation.metadata.licence,
        "samples": answers.samples,
    }


def asked(answers: Answers) -> dict[str, object]:
    return {name: getattr(answers, name) for name in Answers.__dataclass_fields__}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=NAMES.filter(lambda text: len(text) <= 80),
    model=NAMES,
    owner=NAMES,
    contact=st.builds("{}@{}".format, VISIBLE, VISIBLE),
    folder=VISIBLE.filter(lambda text: set(text) - set("./")),
    successor=NAMES,
    version=NAMES,
    licence=NAMES,
    coder=NAMES,
    key=st.sampled_from(["NO", "KEY_1", "file:/run/a b: #c", "file:'x\"", "block:no"]),
    days=st.integers(60, 5_000),
)
def test_what_is_answered_is_what_loads(
    tmp_path: Path,
    name: str, model: str, owner: str, contact: str, folder: str, successor: str, version: str,
    licence: str, coder: str, key: str, days: int,
) -> None:  # fmt: skip
    answers = replace(
        PLAIN, name=name, model=model, owners=(Owner(owner, contact),), successor=successor,
        replicas=(Replica("replica-1", f"a/{folder}"), Replica("replica-2", "/mnt/b")),
        model_version=version, licence=licence, coders=(coder, "b", "c"), api_key_env=key,
        retires_on=PLAIN.announced_on + timedelta(days=days), source=f"m/{folder}",
    )  # fmt: skip
    told = said(loaded(answers, tmp_path), answers)
    expected = asked(answers)
    for one in ("replicas", "source"):  # `a//b` and `a/./b` are one path
        expected[one], told[one] = (str(Path(str(x))) for x in (expected[one], told[one]))
    assert told == expected


@given(st.one_of(st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"]))))
def test_every_reader_takes_a_text_for_that_text(text: str) -> None:
    assert yaml.safe_load(f"a: {scalar(text)} # c\nb: [{scalar(text)}]") == {"a": text, "b": [text]}


@pytest.mark.parametrize(
    "answers",
    [
        replace(PLAIN, source="", golden=str(_GOLDEN)),
        replace(
            PLAIN,
            trusted=False,
            recipients=RECIPIENTS,
            replicas=(Replica("replica-1", bucket="my-bucket", prefix="a/b"),
                      Replica("replica-2", bucket="other-bucket")),
        ),
        replace(PLAIN, coder_url="http://127.0.0.1:9", coder_key_env="file:coders",
                signers=str(PEOPLE / "allowed_signers")),
    ],
)  # fmt: skip
def test_every_kind_of_file_loads(answers: Answers, tmp_path: Path) -> None:
    told = said(loaded(answers, tmp_path), answers)
    assert told == {**asked(answers), "model_version": answers.model}


def test_every_block_says_what_it_is_for() -> None:
    lines = rendered(PLAIN, date(2026, 11, 2)).splitlines()
    blocks = [i for i, line in enumerate(lines) if line[:1].isalpha() and line.endswith(":")]
    assert [lines[i - 1][:1] for i in blocks] == ["#"] * 9


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"retires_on": date(2027, 1, 1)}, "31 days after the announcement"),
        ({"replicas": PLAIN.replicas[:1]}, "one copy is none"),
        ({"owners": ()}, "nobody would be told"),
        ({"trusted": False}, "two age keys"),
        ({"id": "Birch"}, "the id 'Birch' can't be used"),
        ({"base_url": "ftp://x"}, "endpoint.base_url"),
        ({"api_key_env": "sk-ant-planted-0123456789"}, "never the secret itself"),
        ({"risk_class": "some"}, "candidate.risk_class"),
        ({"name": "a\nb"}, "display_name"),
        ({"proposer": "-x"}, "access.proposer"),
        ({"source": "replicas/a/x"}, "lies in"),
    ],
)
def test_what_can_t_be_is_refused_in_a_sentence(
    change: dict[str, object], words: str, tmp_path: Path
) -> None:
    answers = replace(PLAIN, **change)  # type: ignore[arg-type]
    with pytest.raises(ConfigError) as refused:
        write(answers, tmp_path / f"{answers.id}.yaml")
    sentence = str(refused.value)
    assert words in sentence
    assert "\n" not in sentence
    assert "planted" not in sentence
    assert ".yaml:" not in sentence  # of a file that was made to try it
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "birch-7b.yaml"
    file.write_text("mine")
    with pytest.raises(ConfigError, match="--force"):
        write(PLAIN, file)
    assert file.read_text() == "mine"
    write(PLAIN, file, force=True)
    assert load_retirement(file).id == "birch-7b"


def test_a_file_under_another_name_than_the_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"name birch-7b\.yaml"):
        write(PLAIN, tmp_path / "other.yaml")


def test_the_file_says_on_which_day_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "birch-7b.yaml"
    with using_clock(FakeClock(datetime(2026, 11, 2, 9, tzinfo=UTC))):
        write(PLAIN, file)
    first, *others = file.read_text().splitlines()
    assert "written by `emeritus init` on 2026-11-02." in first
    assert "  announced_on: 2026-12-01" in others


# from a terminal


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(making, "PEOPLE", tmp_path)
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "alice@laptop", "-f", "alice"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, cwd=tmp_path)
    (tmp_path / "allowed_signers").write_text("# who may sign")
    return tmp_path


def test_a_person_is_listed_once(people: Path) -> None:
    listed = people / "allowed_signers"
    key = (people / "alice.pub").read_text().rpartition(" ")[0]
    assert add_signer("alice", people / "alice.pub", Path("allowed_signers"))
    assert listed.read_text() == f"# who may sign\nalice {key}\n"
    assert not add_signer("alice", people / "alice.pub", Path("allowed_signers"))
    with pytest.raises(ConfigError, match="share one key"):
        add_signer("bob", people / "alice.pub", Path("allowed_signers"))
    assert listed.read_text().count(key) == 1


@pytest.mark.parametrize("text", ["", "one", "ssh-ed25519 AAAA x", "-----BEGIN PRIVATE KEY-----"])
def test_what_is_no_public_key_is_refused(people: Path, text: str) -> None:
    (people / "x.pub").write_text(text)
    with pytest.raises(ConfigError, match=r"name a \.pub file"):
        add_signer("bob", people / "x.pub", Path("allowed_signers"))


def run(*arguments: object, typed: str = "") -> tuple[int, str]:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(init)
    result = CliRunner().invoke(app, [str(one) for one in arguments], input=typed)
    if isinstance(result.exception, EmeritusError):
        return result.exception.exit_status, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_flags_alone_make_a_file_and_name_the_next_commands(people: Path) -> None:
    file = people / "cedar-1.yaml"
    status, output = run(
        file, "--yes", "--trusted", "--owner", "Search=search@example.org", "--owner", "b@c.org",
        "--replica", "a", "--replica", "b", "--signer", f"alice={people}/alice.pub",
    )  # fmt: skip
    assert status == 0
    for command in ("doctor", "plan", "retire"):
        assert f"emeritus {command} {file}" in output
    config = load_retirement(file)
    assert [one.name for one in config.candidate.owners] == ["Search", "b@c.org"]
    assert config.preservation.golden_prompts is not None  # no weights: a snapshot of answers
    assert "alice" in (people / "allowed_signers").read_text()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "--id is missing"),
        (["--id", "a b"], "the id 'a b'"),
        (["--id", "a"], "--owner is missing"),
        (["--id", "a", "--owner", "x"], "has no address"),
        (["--id", "a", "--owner", "a@b"], "--replica is missing"),
        (["--id", "a", "--owner", "a@b", "--replica", "a"], "one copy is none"),
        (["--id", "a", "--owner", "a@b", "--replica", "s3://x-y", "--replica", "b"], "--recipient"),
        (["--id", "a", "--retires-on", "soon"], "no day of the calendar"),
    ],
)
def test_without_a_terminal_the_missing_flag_is_named(flags: list[str], words: str) -> None:
    status, sentence = run("--yes", *flags)
    assert status == 2
    assert words in sentence


def test_on_a_terminal_the_rest_is_asked_and_asked_again(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.init_command._is_terminal", lambda: True)
    typed = ["Cedar: No. 1", "", "", "", "nonsense", "2031-01-02", "Search team=s@example.org",
             "", "a", "a, b", "y", "paula"]  # fmt: skip
    file = people / "cedar-1.yaml"
    status, output = run(file, typed="\n".join(typed) + "\n")
    assert status == 0, output
    config = load_retirement(file)
    assert config.display_name == "Cedar: No. 1"
    assert config.candidate.first_retires_on == date(2031, 1, 2)
    assert output.count("What is its last day") == output.count("Where are copies kept") == 2
    assert config.access.proposer == "paula"


def test_help_asks_for_no_value_of_a_flag_that_takes_none() -> None:
    status, output = run("--help")
    assert status == 0
    lines = output.splitlines()
    for flag in ("--trusted", "--yes", "--force"):
        (line,) = [line for line in lines if f" {flag} " in line]
        assert "bool" not in line


def test_days_and_places_are_read() -> None:
    assert answering.replica("s3://my-bucket/a/b/", 2) == Replica(
        "replica-2", "", "my-bucket", "a/b"
    )
    assert answering.replica(" /mnt/x ", 1) == Replica("replica-1", "/mnt/x")
    for text in ("", "s3://"):
        with pytest.raises(ConfigError):
            answering.replica(text, 1)
