"""The dossier and the fleet page as people see them: no violation, nothing fetched, no script."""

from pathlib import Path

import pytest

from tasks import wiring
from tests.fakes.clock import FakeClock
from tests.site.conftest import Judge
from tests.site.dossier_sample import write_sample


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Dossiers of a whole case, of a bare one, and the fleet's page."""
    monkeypatch.setenv("EMERITUS_HOME", str(tmp_path / "var"))
    monkeypatch.delenv("EMERITUS_DATABASE_URL", raising=False)
    with wiring.using_clock(FakeClock()):
        return write_sample(tmp_path / "keys")


def test_dossiers_and_the_fleet_page_are_clean(judge: Judge, pages: Path) -> None:
    found = judge(pages)
    assert found["pages"] == ["aster-1/dossier.html", "birch-7b/dossier.html", "fleet.html"]
    assert found["looks"] == 4 * len(found["pages"])
    assert found["problems"] == []
    assert found["fetched"] == []


def test_the_judges_see_what_is_wrong_with_a_page(
    judge: Judge, pages: Path, tmp_path: Path
) -> None:
    text = (pages / "fleet.html").read_text()
    for number, (whole, broken) in enumerate(
        (
            (' aria-label="Planned dates"', ' aria-label="Dates ahead" role="region"'),
            ("</main>", '<img src="x.png"></main>'),
        )
    ):
        assert whole in text
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "fleet.html").write_text(text.replace(whole, broken))
        assert judge(folder)["problems"] != []
