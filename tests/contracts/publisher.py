"""What every publisher does, wherever the files lie.

An adapter's test subclasses `PublisherContract` as `Test...` and gives the fixtures `make` (each
call opens the same place anew, as a later pass would), `plant` (puts bytes there behind the
publisher's back) and `dying` (a block in which a pass dies once so many files are public).
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tasks.kernel.errors import PublicationRefused
from tasks.ports.publisher import Publisher

Make = Callable[[], Publisher]
Plant = Callable[[str, bytes], None]
Dying = Callable[[int], AbstractContextManager[None]]

ESSAY, SUMS = "essays/aster-1-essay-001/index.md", "essays/aster-1-essay-001/SHA256SUMS"
SITE = {
    ESSAY: "# Über\r\n\n\u202etext".encode(),
    SUMS: b"sums\n",
    "essays/aster-1-essay-001/index.html": b"<p>page</p>",
    "index.html": b"<p>all</p>",
    "feed.xml": b"<feed/>",
}


class Killed(BaseException):
    """Nothing of the pass runs after it."""


class PublisherContract:
    """Behaviour that the essay stage relies on."""

    def test_files_become_public_in_order(self, make: Make) -> None:
        assert make().publish(SITE) == tuple(SITE)
        assert {path: make().read(path) for path in SITE} == SITE
        assert make().listing() == tuple(sorted(SITE))

    def test_what_is_public_already_is_not_written(self, make: Make) -> None:
        make().publish(SITE)
        assert make().publish(SITE) == ()
        assert make().publish({**SITE, "feed.xml": b"<feed>1</feed>"}) == ("feed.xml",)
        assert make().publish({"index.html": b"<p>a11</p>"}) == ("index.html",)  # the same size
        assert make().read("index.html") == b"<p>a11</p>"

    def test_an_odd_name_and_no_bytes(self, make: Make) -> None:
        odd = {"tags/a b#?&+%41.html": b"", "Ünï/x~y.html": b"1", "a/b/c/d/e.txt": b"2"}
        assert make().publish(odd) == tuple(odd)
        assert {path: make().read(path) for path in odd} == odd
        assert make().publish(odd) == ()

    @pytest.mark.parametrize(
        "path", ["../x", "/etc/x", "a/../../x", ".", "", "a//b", "a/", "a/./b", "a\0b", "a\nb"]
    )
    def test_a_path_that_leaves_the_place_is_refused_before_anything_is_written(
        self, make: Make, path: str
    ) -> None:
        with pytest.raises(PublicationRefused):
            make().publish({"good": b"x", path: b"y"})
        assert make().listing() == ()
        for act in (make().read, make().location):
            with pytest.raises(PublicationRefused):
                act(path)
        with pytest.raises(PublicationRefused):
            make().remove([path])

    def test_an_essay_stands_for_good(self, make: Make) -> None:
        make().publish(SITE)
        for path in (ESSAY, SUMS):
            with pytest.raises(PublicationRefused, match="other bytes"):
                make().publish({"index.html": b"later", path: b"other"})
        assert {path: make().read(path) for path in SITE} == SITE

    def test_foreign_bytes_are_found(self, make: Make, plant: Plant) -> None:
        make().publish(SITE)
        for path in (ESSAY, "index.html"):
            plant(path, b"f" * len(SITE[path]))
            assert make().read(path) == b"f" * len(SITE[path])
        assert make().publish({"index.html": SITE["index.html"]}) == ("index.html",)
        with pytest.raises(PublicationRefused, match="other bytes"):
            make().publish(SITE)

    def test_a_withdrawn_file_is_gone_and_nothing_else(self, make: Make) -> None:
        make().publish(SITE)
        assert make().remove([SUMS, "nothing/here", ESSAY]) == (SUMS, ESSAY)
        assert make().remove([SUMS, "nothing/here", ESSAY]) == ()
        assert make().read(ESSAY) is None
        assert make().listing() == tuple(sorted(SITE.keys() - {ESSAY, SUMS}))

    def test_listing_what_begins_so(self, make: Make, plant: Plant) -> None:
        assert make().listing() == make().listing("essays/") == ()
        make().publish(SITE)
        plant("essays/stray", b"left by hand")
        assert make().listing("essays/aster-1-essay-001/i") == (
            "essays/aster-1-essay-001/index.html",
            ESSAY,
        )
        assert "essays/stray" in make().listing("essays/s")
        assert make().listing("essays/no") == make().listing("nowhere/") == ()
        with pytest.raises(PublicationRefused):
            make().listing("../")

    @pytest.mark.parametrize("files", range(len(SITE)))
    def test_a_killed_pass_leaves_a_beginning_and_the_next_one_the_rest(
        self, make: Make, dying: Dying, files: int
    ) -> None:
        with pytest.raises(Killed), dying(files):
            make().publish(SITE)
        order = list(SITE)
        assert make().listing() == tuple(sorted(order[:files]))
        assert make().publish(SITE) == tuple(order[files:])
        assert {path: make().read(path) for path in SITE} == SITE

    def test_a_place_is_told_for_every_path(self, make: Make) -> None:
        assert make().location("essays/a/index.html").endswith("essays/a/index.html")
