"""A plan tells what a commit would change, writes nothing, and says just what a pass then does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from configs.errors import ConfigError
from configs.home import CHECKOUT
from configs.schema import RetirementConfig
from flows.cli import app
from flows.config_changes import refuse_changes
from flows.hold_acts import HOLD_NAMESPACE, hold_statement, lift_hold
from flows.passing import going_by_commit, one_pass
from flows.plan import plan
from flows.plan_markdown import as_markdown
from flows.plan_report import (
    ChangedField,
    Interviews,
    ModelPlan,
    MovedDate,
    PlannedNotice,
    PlanReport,
    Summary,
)
from tasks import wiring
from tasks.adapters.ssh_signatures import sign
from tasks.candidate.opening import put_in_force
from tasks.interviews.task import register_design
from tasks.kernel.errors import ChangeRefused, DecisionRefused, SignatureRefused
from tasks.records import Book
from tasks.records.communication import Notice
from tasks.records.promises import told_now
from tasks.records.retirement import Retirement, config_of
from tests.fakes.clock import FakeClock
from tests.fakes.git_repo import GitRepo, bare_copy, listed, make_key, make_repo

HELD = {"announced_on": "2026-11-01", "legal_hold": True}


@pytest.fixture
def repo(tmp_path: Path, clock: FakeClock, home: Path) -> GitRepo:
    return make_repo(tmp_path / "repo")


@pytest.fixture
def people(tmp_path: Path) -> Path:
    key = make_key(tmp_path / "people", "lena")
    (tmp_path / "people" / "allowed_signers").write_text(listed(key, "lena"))
    return tmp_path / "people"


def folder(repo: GitRepo) -> Path:
    return repo.root / "configs" / "models"


def one(report: PlanReport, model: str = "aster-1") -> ModelPlan:
    return next(found for found in report.models if found.id == model)


def loaded(repo: GitRepo, model: str = "aster-1") -> RetirementConfig:
    body = yaml.safe_load((folder(repo) / f"{model}.yaml").read_text())
    return RetirementConfig.model_validate_json(json.dumps(body), strict=True)


def apply(repo: GitRepo, model: str = "aster-1", commit: str = "") -> None:
    """What the beginning of every pass does."""
    with going_by_commit(commit), one_pass(loaded(repo, model)):
        pass


def told(book: Book, config: RetirementConfig, clock: FakeClock) -> None:
    """An owner was told of the dates."""
    dates, owner = told_now(config.candidate), config.candidate.owners[0]
    fence = book.take_lease(config.id, "", clock.now()).fence
    row = Notice(
        id="n", model_id=config.id, kind="announcement", owner=owner.name, contact=owner.contact,
        retires_on=dates.on(""), told=dates.text, channel="email", intended_at=clock.now(),
        tried_at=clock.now(), sent_at=clock.now(), receipt="250 ok",
    )  # fmt: skip
    with book.writing(clock.now(), fence=fence) as writing:
        writing.put(row, "communication.notice_sent")
    book.keep_lease(fence, clock.now(), free=True)


def entries(book: Book) -> int:
    return book.verify_audit().entries


def test_a_new_model_is_told_with_its_notices_and_its_cost(repo: GitRepo, home: Path) -> None:
    priced = {"model": "aster-1", "usd_per_million_input_tokens": 3.0}
    repo.model(endpoint=priced, interviews={"max_cost_usd": 5.0})
    sha = repo.commit()
    report = plan(folder(repo), "main")
    found = one(report)
    assert (report.exit_status, report.commit, found.state) == (2, sha, "new")
    assert found.interviews is not None
    assert found.interviews.calls.least > 0
    assert found.interviews.usd is not None
    assert (found.interviews.ceiling_usd, report.summary.calls) == (5.0, found.interviews.calls)
    now = next(notice for notice in found.notices if not notice.at)
    assert (now.kind, now.to) == ("T-90", ("Search team",))
    assert {notice.kind for notice in found.notices} >= {"T-30", "T-0"}
    assert not home.exists(), "it writes nothing, not even records"


def test_nothing_is_planned_once_it_is_applied(repo: GitRepo) -> None:
    repo.model()
    repo.model("birch-1")
    assert plan(folder(repo)).exit_status == 2
    apply(repo)
    apply(repo, "birch-1")
    before = entries(wiring.book())
    report = plan(folder(repo))
    assert (report.exit_status, report.summary.unchanged) == (0, 2)
    assert entries(wiring.book()) == before


def test_a_changed_field_is_told_and_a_moved_date_with_who_is_told(
    repo: GitRepo, book: Book, clock: FakeClock
) -> None:
    repo.model()
    apply(repo)
    told(book, loaded(repo), clock)
    repo.model(
        candidate={"surfaces": [{"name": "api", "retires_on": "2027-04-01"}]},
        access={"monthly_cost_usd": 7.0},
    )
    found = one(plan(folder(repo)))
    assert found.state == "changed"
    fields = {change.field: (change.before, change.now) for change in found.changes}
    assert fields["candidate.surfaces[api].retires_on"] == ("2027-03-01", "2027-04-01")
    assert fields["access.monthly_cost_usd"][1] == 7.0
    assert [(d.surface, d.before, d.now) for d in found.dates] == [
        ("api", "2027-03-01", "2027-04-01")
    ]
    now = next(notice for notice in found.notices if not notice.at)
    assert now.to == ("Search team",)
    assert now.tells == "api until 2027-04-01 (api was 2027-03-01)"
    assert any(notice.at == "2027-03-02" for notice in found.notices), "T-30 moved along"


def test_a_model_under_interview_is_told_of_what_changed(
    repo: GitRepo, book: Book, clock: FakeClock
) -> None:
    repo.model()
    with one_pass(loaded(repo)) as current:
        register_design.fn(current.config, current.fence)
    repo.model(candidate={"successor": "aster-9"})
    found = one(plan(folder(repo)))
    assert found.state == "changed"
    assert [note for note in found.notes if "tell the model what changed" in note]


def changed(**sections: Any) -> dict[str, Any]:
    return sections


REFUSED = {
    "CH-NOTICE": changed(candidate={"surfaces": [{"name": "api", "retires_on": "2027-01-15"}]}),
    "CH-FLOOR": changed(candidate={"notice_floor_days": 7}),
    "CH-DESIGN": changed(interviews={"seed": 99}),
    "CH-HOLD": changed(candidate={"legal_hold": False}),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_what_the_plan_refuses_a_pass_refuses_and_nothing_changes(
    rule: str, repo: GitRepo, book: Book, clock: FakeClock
) -> None:
    start = changed(candidate=HELD) if rule == "CH-HOLD" else {}
    repo.model(**start)
    with one_pass(loaded(repo)) as current:
        register_design.fn(current.config, current.fence)
    told(book, loaded(repo), clock)
    in_force, before = loaded(repo), entries(book)
    repo.model(**REFUSED[rule])
    report = plan(folder(repo))
    assert report.exit_status == 1
    assert [refusal.id for refusal in one(report).refusals] == [rule]
    with pytest.raises(ChangeRefused) as refused:
        apply(repo)
    assert one(report).refusals[0].reason in str(refused.value)
    with book.reading() as session:
        assert config_of(session.get_one(Retirement, "aster-1")) == in_force
    assert entries(book) == before
    repo.model(**start)  # put back: the next pass goes on
    apply(repo)
    assert plan(folder(repo)).exit_status == 0


def test_a_hold_is_lifted_by_a_signature_and_only_once(
    repo: GitRepo, book: Book, people: Path
) -> None:
    access = {"allowed_signers": str(people / "allowed_signers")}
    free = changed(access=access)
    held = changed(access=access, candidate=HELD)
    repo.model(**held)
    apply(repo)
    words = "the matter is closed"
    statement = hold_statement("aster-1", words)
    signature = sign(statement, key=people / "lena", namespace=HOLD_NAMESPACE)
    with pytest.raises(SignatureRefused):
        lift_hold("aster-1", "lena", "another reason", signature)
    assert "lena lifted the legal hold" in lift_hold("aster-1", "lena", words, signature)
    with pytest.raises(DecisionRefused, match="already"):
        hold_statement("aster-1", words)
    repo.model(**free)
    assert plan(folder(repo)).exit_status == 2
    apply(repo)
    with pytest.raises(DecisionRefused, match="no legal hold stands"):
        hold_statement("aster-1", words)
    repo.model(**held)  # the very same words as before: a new hold all the same
    apply(repo)
    repo.model(**free)
    assert [refusal.id for refusal in one(plan(folder(repo))).refusals] == ["CH-HOLD"]
    with pytest.raises(ChangeRefused, match="emeritus hold lift aster-1"):
        apply(repo)
    assert book.verify_audit().problems == ()


def test_a_file_can_name_no_other_people_to_lift_its_hold(
    repo: GitRepo, tmp_path: Path, people: Path
) -> None:
    repo.model(access={"allowed_signers": str(people / "allowed_signers")}, candidate=HELD)
    apply(repo)
    mallory = make_key(tmp_path / "others", "mallory")
    (tmp_path / "others" / "allowed_signers").write_text(listed(mallory, "mallory"))
    statement = hold_statement("aster-1", "because")
    signature = sign(statement, key=mallory, namespace=HOLD_NAMESPACE)
    repo.model(access={"allowed_signers": str(tmp_path / "others" / "allowed_signers")})
    with pytest.raises(SignatureRefused):
        lift_hold("aster-1", "mallory", "because", signature)
    with pytest.raises(ChangeRefused, match="CH-HOLD"):
        apply(repo)


def test_files_that_cannot_be_used_are_told_by_line(repo: GitRepo) -> None:
    repo.model()
    file = repo.model("birch-1")
    file.write_text(file.read_text().replace("risk_class: low", "risk_klass: low"))
    (folder(repo) / "link.yaml").symlink_to("/etc/passwd")
    repo.commit()
    report = plan(folder(repo), "HEAD")
    assert (report.exit_status, report.summary.invalid) == (1, 2)
    (refusal,) = one(report, "birch-1").refusals
    assert refusal.reason.startswith("configs/models/birch-1.yaml:")
    assert "did you mean 'risk_class'" in refusal.reason
    assert "symbolic link" in one(report, "link").refusals[0].reason


def test_a_gateway_name_claimed_twice_is_refused(repo: GitRepo) -> None:
    repo.model(endpoint={"model": "shared"})
    repo.model("birch-1", endpoint={"model": "shared"})
    report = plan(folder(repo))
    assert report.summary.refused == 2
    assert "'shared' is a gateway name of birch-1 too" in one(report).refusals[0].reason


def test_a_removed_file_deletes_nothing_and_is_told(repo: GitRepo, book: Book) -> None:
    repo.model()
    repo.model("birch-1")
    apply(repo)
    apply(repo, "birch-1")
    (folder(repo) / "birch-1.yaml").unlink()
    report = plan(folder(repo))
    assert (report.exit_status, one(report, "birch-1").state) == (0, "removed")
    assert "nothing is deleted" in one(report, "birch-1").notes[0]
    with book.reading() as session:
        assert session.get(Retirement, "birch-1") is not None


def test_one_model_alone_is_planned_and_nothing_is_said_of_others(repo: GitRepo) -> None:
    repo.model()
    repo.commit()
    apply(repo)
    file = repo.model("birch-1")
    assert [(one.id, one.state) for one in plan(file).models] == [("birch-1", "new")]
    (folder(repo) / "aster-1.yaml").unlink()
    assert [one.id for one in plan(file).models] == ["birch-1"]
    with pytest.raises(ConfigError, match=r"has no birch-1\.yaml"):
        plan(file, "HEAD")


def test_without_records_a_commit_stands_for_what_is_in_force(repo: GitRepo, home: Path) -> None:
    """As on a pull request from a fork, where no secret and no database is at hand."""
    repo.model(candidate=HELD)
    repo.model("birch-1")
    repo.model("cedar-1")
    base = repo.commit()
    repo.model(interviews={"seed": 99})
    repo.model("birch-1", candidate={"surfaces": [{"name": "api", "retires_on": "2027-01-15"}]})
    (folder(repo) / "cedar-1.yaml").unlink()
    repo.model("delta-1")
    repo.commit()
    report = plan(folder(repo), "HEAD", base)
    ids = {model.id: [refusal.id for refusal in model.refusals] for model in report.models}
    assert ids["aster-1"] == ["CH-HOLD", "CH-DESIGN"]
    assert ids["birch-1"] == ["CH-NOTICE"]
    assert [model.state for model in report.models] == ["refused", "refused", "removed", "new"]
    assert report.against == base
    assert plan(folder(repo), base, base).exit_status == 0
    assert not home.exists()


def test_a_repository_is_read_at_its_ref_and_the_policy_is_told(
    repo: GitRepo, tmp_path: Path, home: Path, people: Path
) -> None:
    repo.model()
    sha = repo.commit(key=people / "lena")
    bare = bare_copy(repo, tmp_path / "bare.git")
    settings_file = tmp_path / "fleet.yaml"
    settings_file.write_text(
        f"schema_version: 1\nconfigs: {{repository: '{bare}'}}\npolicy: {{require_signed: true, "
        f"allowed_signers: '{people / 'allowed_signers'}'}}\n"
    )
    report = plan(settings_file)
    assert (report.commit, report.warnings, report.exit_status) == (sha, (), 2)
    assert report.source == f"configs/models of {bare}"
    repo.model("birch-1")
    repo.commit()
    repo.git("push", "-q", "origin", "main")
    (warning,) = plan(settings_file).warnings
    assert "unsigned" in warning
    assert not home.exists()


@given(
    cost=st.floats(0, 10_000, allow_nan=False), days=st.integers(0, 300), hold=st.booleans(),
    successor=st.text("abc-1", max_size=8),
)  # fmt: skip
@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_whatever_is_allowed_is_applied_and_then_nothing_is_left(
    repo: GitRepo, cost: float, days: int, hold: bool, successor: str
) -> None:
    """Plan, apply, plan: the last one is empty; what is refused leaves the plan as it was."""
    day = f"2027-{3 + days // 28 % 9:02d}-{1 + days % 28:02d}"
    repo.model(
        candidate={
            "surfaces": [{"name": "api", "retires_on": day}],
            "legal_hold": hold,
            "successor": successor,
        },
        access={"monthly_cost_usd": cost},
    )
    first = plan(folder(repo))
    if first.exit_status == 1:
        with pytest.raises(ChangeRefused):
            apply(repo)
        assert one(plan(folder(repo))).refusals == one(first).refusals
    else:
        apply(repo)
        assert plan(folder(repo)).exit_status == 0


def test_the_command_has_a_status_that_scripts_can_read(
    repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = CliRunner().invoke
    where = str(folder(repo))
    repo.model()
    result = run(app, ["plan", where])
    assert result.exit_code == 2, result.output
    assert "aster-1  new" in result.output
    body = json.loads(run(app, ["plan", where, "--format", "json"]).output)
    assert (body["schema_version"], body["exit_status"]) == (1, 2)
    assert PlanReport.model_validate(body)
    apply(repo)
    assert run(app, ["plan", where]).exit_code == 0
    for wrong in (["plan", where, "--nope"], ["plan", "/nowhere"], ["plan", where, "--ref", "-x"]):
        assert run(app, wrong).exit_code == 1, wrong


def test_every_field_for_programs_is_told_in_the_how_to() -> None:
    page = CHECKOUT / "docs" / "how-to" / "retirements-from-git.md"
    told = set(re.findall(r"`(?:models\[\]\.)?([a-z_]+)(?:\[\])?`", page.read_text("utf-8")))
    parts = (PlanReport, ModelPlan, Summary, Interviews, ChangedField, MovedDate, PlannedNotice)
    fields = {name for part in parts for name in part.model_fields}
    assert fields <= told, f"not told: {sorted(fields - told)}"


def test_a_comment_calls_nobody_and_holds_no_markup_of_a_file(repo: GitRepo) -> None:
    evil = "</details><img src=x> @everyone ```` `x` | [a](http://b)"
    repo.model(display_name=evil)
    base = plan(folder(repo))
    apply(repo)
    repo.model(display_name=evil + "!", candidate={"successor": "`@team`|x"})
    for report in (base, plan(folder(repo))):
        text = as_markdown(report)
        outside = _outside_code(text)
        assert "<img" not in outside
        assert "@" not in outside
        assert outside.count("<details") == outside.count("</details>")
        assert len(text) < 65_536


def _outside_code(text: str) -> str:
    """What of Markdown is not within a code span, by CommonMark's rule of equal fences."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    kept = [token.content for token in tokens if token.type == "html_block"]
    for token in tokens:
        kept += [c.content for c in token.children or () if c.type in ("text", "html_inline")]
    return "\n".join(kept)


def test_a_large_plan_still_fits_a_comment(repo: GitRepo) -> None:
    for number in range(150):
        repo.write(f"bad-{number}.yaml", "schema_version: 1\n" + "x: [\n")
    for number in range(60):
        repo.write(f"long-{number}.yaml", "schema_version: 1\n")
    text = as_markdown(plan(folder(repo)))
    assert len(text) < 65_536


def test_a_lowered_version_of_a_configuration_in_force_can_be_left(
    repo: GitRepo, book: Book, clock: FakeClock
) -> None:
    """What another version accepted and this one refuses is no trap: a mended file comes in."""
    repo.model()
    apply(repo)
    fence = book.take_lease("aster-1", "", clock.now()).fence
    with book.writing(clock.now(), fence=fence) as writing:
        row = writing.session.get_one(Retirement, "aster-1")
        body = json.loads(row.config_json)
        body["interviews"]["gone_setting"] = 1
        row.config_json, row.config_sha256 = json.dumps(body), "0" * 64
        writing.put(row, "test")
    book.keep_lease(fence, clock.now(), free=True)
    report = plan(folder(repo))
    assert one(report).state == "changed"
    refuse_changes(loaded(repo), book, clock.now())
    put_in_force(loaded(repo), book, book.take_lease("aster-1", "", clock.now()).fence, clock.now())
    assert plan(folder(repo)).exit_status == 0
