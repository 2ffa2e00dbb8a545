"""What doctor says of the places before anything is written to them."""

import tempfile
from pathlib import Path

import pytest

from tasks.preservation.preflight import preflight
from tests.fakes.configs import retirement


@pytest.mark.parametrize(
    ("names", "said"),
    [("ab", "a and b are on one disk"), ("abc", "a, b and c are on one disk")],
)
def test_all_places_on_one_disk_are_named_together(home: Path, names: str, said: str) -> None:
    places = [{"name": n, "directory": f"replicas/{n}", "trusted_disk": True} for n in names]
    found = preflight(retirement(preservation={"replicas": places}))
    (apart,) = [check for check in found if check.name == "replicas apart"]
    assert (apart.state, apart.said) == ("warn", f"{said}, and are lost together")


def test_a_folder_for_temporary_files_that_can_not_be_used_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> tuple[str, str]:
        (check,) = [one for one in preflight(retirement()) if one.name == "temporary files"]
        return check.state, check.said

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert found()[0] == "ok"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    state, said = found()
    assert state == "fail"
    assert str(tmp_path / "gone") in said
    assert "TMPDIR" in said
