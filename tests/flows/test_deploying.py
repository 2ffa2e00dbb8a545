"""`emeritus deploy`: what it hands to Prefect, and what it refuses."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from configs.errors import EmeritusError
from flows.cli import app
from flows.deploying import FILE, FromGit, cloning

DOCUMENT = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SOURCE = FromGit("https://git.example/emeritus.git", "v1", Path("/srv/emeritus"))


def test_runs_clone_the_repository_and_keep_their_records_elsewhere() -> None:
    made = cloning(DOCUMENT, SOURCE)
    assert made["pull"] == [
        {
            "prefect.deployments.steps.git_clone": {
                "repository": "https://git.example/emeritus.git",
                "branch": "v1",
            }
        }
    ]
    for before, after in zip(DOCUMENT["deployments"], made["deployments"], strict=True):
        pool = after["work_pool"]
        assert pool["job_variables"] == {"env": {"EMERITUS_HOME": "/srv/emeritus"}}
        assert {**after, "work_pool": before["work_pool"]} == before


def test_a_token_is_named_and_never_held() -> None:
    made = cloning(DOCUMENT, FromGit("https://x", "main", Path("/srv"), "git-token"))
    (step,) = made["pull"]
    token = step["prefect.deployments.steps.git_clone"]["access_token"]
    assert token == "{{ prefect.blocks.secret.git-token }}"


@pytest.mark.parametrize(
    ("arguments", "url", "said"),
    [
        ([], "", "PREFECT_API_URL is not set"),
        (["--repository", "https://x"], "http://127.0.0.1:1/api", "--home"),
        (["--repository", "https://x", "--home", "var"], "http://127.0.0.1:1/api", "--home"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_prefect_is_asked(
    arguments: list[str], url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    found = CliRunner().invoke(app, ["deploy", *arguments])
    assert isinstance(found.exception, EmeritusError)
    assert said in str(found.exception)
