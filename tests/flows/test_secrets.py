"""An endpoint's key is read from the environment, and never written anywhere."""

from pathlib import Path

import pytest

from tests.flows.conftest import At
from tests.flows.refusing import refusing_server

pytestmark = pytest.mark.usefixtures("prefect_api", "quick_retries")

KEY = "sk-planted-5f0c2b7e9d1a4c68"


@pytest.mark.parametrize(
    "says_which",
    [
        False,
        True,
    ],
)
def test_a_key_reaches_no_file(
    says_which: bool,
    at: At,
    prefect_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    place, key = at("new"), f"{KEY}-{says_which}"
    monkeypatch.setenv("EMERITUS_TEST_KEY", key)
    good = place.base_url
    with refusing_server(says_which=says_which) as url:
        place.base_url = url
        place.write_config()
        assert place.run_pass()["interviews"]["state"] == "blocked"
    place.base_url = good
    place.write_config()
    assert place.run_pass()["interviews"]["state"] == "waiting"
    holding = [
        str(file)
        for folder in (place.home, place.config.parent, prefect_home)
        for file in folder.rglob("*")
        if file.is_file() and key.encode() in file.read_bytes()
    ]
    assert holding == []
    said = capfd.readouterr()
    assert key not in said.out + said.err
