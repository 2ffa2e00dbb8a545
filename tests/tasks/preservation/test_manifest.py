"""Manifests: what is written is what is read."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.kernel.spool import Spool
from tasks.preservation.core import side_by_side
from tasks.preservation.manifest import manifest_entries, render_manifest

_PATHS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("\r\n%"),
    min_size=1,
    max_size=20,
).filter(lambda p: not p.startswith("/") and ".." not in p.split("/"))
_DIGESTS = st.binary(max_size=4).map(lambda data: hashlib.sha256(data).hexdigest())


def _parsed(text: str) -> dict[str, str]:
    return dict(manifest_entries(Spool([text.encode()])))


@given(st.dictionaries(_PATHS, _DIGESTS))
def test_a_manifest_reads_back(digests: dict[str, str]) -> None:
    assert _parsed(render_manifest(digests).decode()) == digests


@pytest.mark.parametrize(
    "line", ["x  data/a", "0" * 64 + " data/a", "0" * 64 + "  /etc/passwd", "0" * 64 + "  a/../b"]
)
def test_a_bad_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        _parsed(line + "\n")


@pytest.mark.parametrize("paths", ["ba", "aa"])
def test_a_path_out_of_order_or_twice_is_refused(paths: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        _parsed("".join(f"{'0' * 64}  data/{path}\n" for path in paths))


@given(st.dictionaries(_PATHS, _DIGESTS), st.lists(_PATHS), st.data())
def test_what_is_there_stands_beside_what_should_be(
    listed: dict[str, str], others: list[str], data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.sampled_from(sorted(listed)))) if listed else []
    found = [*some, *others]
    assert list(side_by_side(sorted(listed.items()), sorted(found))) == [
        (path, listed.get(path, ""), path in found) for path in sorted({*listed, *found})
    ]
