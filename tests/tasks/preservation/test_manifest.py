"""Manifests: what is written is what is read."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.preservation.core import compare
from tasks.preservation.manifest import parse_manifest, render_manifest

_PATHS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]) | st.sampled_from("\r\n%"),
    min_size=1,
    max_size=20,
).filter(lambda p: not p.startswith("/") and ".." not in p.split("/"))
_DIGESTS = st.binary(max_size=4).map(lambda data: hashlib.sha256(data).hexdigest())


@given(st.dictionaries(_PATHS, _DIGESTS))
def test_a_manifest_reads_back(digests: dict[str, str]) -> None:
    assert parse_manifest(render_manifest(digests).decode()) == digests


@pytest.mark.parametrize(
    "line", ["x  data/a", "0" * 64 + " data/a", "0" * 64 + "  /etc/passwd", "0" * 64 + "  a/../b"]
)
def test_a_bad_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        parse_manifest(line + "\n")


@given(st.dictionaries(_PATHS, _DIGESTS), st.dictionaries(_PATHS, _DIGESTS))
def test_a_comparison_is_whole_exactly_when_both_agree(
    listed: dict[str, str], found: dict[str, str]
) -> None:
    assert compare(listed, found).whole == (listed == found)
