"""One value changes; every other byte of a file that people keep stays."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tasks.monitoring.retrospective.core import patch_of
from tasks.monitoring.retrospective.yaml_change import NoPlace, changed

TEXT = """\
# kept by the retirement team
id: aster-1
preservation:  # see the handbook
  replicas:
    - name: a   # the first
      directory: replicas/a
    - {name: b, directory: replicas/b}
  fixity_interval_hours: 168.0   # weekly
essays:
  cadence:
    opens_on: monday
monitoring: {usage_csv: usage.csv}
"""


def test_a_value_is_replaced_where_it_stands() -> None:
    found = changed(TEXT, ("preservation", "fixity_interval_hours"), 84.0)
    assert found == TEXT.replace("168.0 ", "84 ")
    assert changed(TEXT, ("preservation", "replicas", 0, "name"), "c") == TEXT.replace(
        "name: a ", "name: c "
    )
    inline = changed(TEXT, ("monitoring", "usage_csv"), "other.csv")
    assert inline == TEXT.replace("usage.csv", "other.csv")


def test_what_stands_nowhere_is_added_where_it_belongs() -> None:
    found = changed(TEXT, ("essays", "cadence", "every_weeks"), 2)
    assert found == TEXT.replace("    opens_on", "    every_weeks: 2\n    opens_on")
    found = changed(TEXT, ("essays", "reports", "late", "days"), 3)
    lines = "  reports:\n    late:\n      days: 3\n"
    assert found == TEXT.replace("  cadence:", f"{lines}  cadence:")
    assert yaml.safe_load(found)["essays"]["reports"] == {"late": {"days": 3}}


@pytest.mark.parametrize(
    "path",
    [
        ("monitoring", "alarms", "yearly_false_alarms"),  # a mapping of one line
        ("preservation", "replicas", 2, "name"),
        ("preservation", "replicas", 0, "trusted"),  # behind a dash
        ("preservation", "replicas"),
        ("id", "deeper"),
    ],
)
def test_what_has_no_place_of_its_own_is_left_to_a_person(path: tuple[str | int, ...]) -> None:
    with pytest.raises(NoPlace):
        changed(TEXT, path, 1)


names = st.text("abcdefgh", min_size=1, max_size=6)
trees = st.recursive(
    st.integers(0, 99), lambda inner: st.dictionaries(names, inner, min_size=1), max_leaves=12
).filter(lambda tree: isinstance(tree, dict))


@given(tree=trees, data=st.data())
def test_the_file_reads_back_with_just_that_value(tree: dict[str, Any], data: Any) -> None:
    text = "# top\n" + yaml.safe_dump(tree, default_flow_style=False)
    path: list[str] = []
    node: Any = tree
    while isinstance(node, dict):
        path.append(data.draw(st.sampled_from(sorted(node))))
        node = node[path[-1]]
    found = yaml.safe_load(changed(text, path, 1234))
    expected = yaml.safe_load(text)
    inner = expected
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = 1234
    assert found == expected


@pytest.mark.parametrize("text", [TEXT, TEXT.rstrip("\n"), TEXT.replace("\n", "\r\n")])
def test_git_takes_the_patch(text: str, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    file = tmp_path / "configs" / "aster-1.yaml"
    file.parent.mkdir()
    file.write_bytes(text.encode())
    new = changed(text, ("preservation", "fixity_interval_hours"), 84.0)
    if not text.endswith("\n"):
        new = changed(new, ("monitoring", "usage_csv"), "other.csv")
    patch = patch_of(text, new, "configs/aster-1.yaml")
    subprocess.run(
        ["git", "apply", "-"], cwd=tmp_path, input=patch.encode(), check=True, capture_output=True
    )
    assert file.read_bytes() == new.encode()
    assert patch_of(text, text, "x") == ""
