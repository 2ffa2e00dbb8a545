"""A site that is built again does no more than it must, and heals whatever broke off."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tasks.adapters.directory_publisher import DirectoryPublisher
from tasks.essays.site import build as building
from tasks.essays.site.build import Built, build, is_whole
from tasks.essays.site.content import Report, Site
from tasks.essays.site.plan import site_files
from tests.fakes.essay_site import channel, published, site, slot, with_act

MANY = [published(number, f"# N {number}\n\nwords\n") for number in range(1, 6)]


class Killed(BaseException):
    pass


class Place(DirectoryPublisher):
    """Counts what it is asked to write, and can be killed after some files."""

    dies_after: int | None = None

    def publish(self, files: Mapping[str, bytes]) -> tuple[str, ...]:
        if self.dies_after is not None:
            super().publish(dict(list(files.items())[: self.dies_after]))
            raise Killed
        return super().publish(files)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "site")


@pytest.fixture
def records(tmp_path: Path) -> DirectoryPublisher:
    return DirectoryPublisher(tmp_path / "private", public=False)


def told(slots: Iterable[object] = MANY) -> Site:
    return site([channel(slots)])  # type: ignore[arg-type]


def public(place: Place) -> dict[str, bytes]:
    return {path: place.read(path) or b"" for path in place.listing()}


def test_a_site_is_built_once(place: Place, records: DirectoryPublisher) -> None:
    assert not is_whole(place, records)
    assert set(build(told(), place, records, told="1").written) == set(site_files(told()))
    assert public(place) == site_files(told())
    assert is_whole(place, records)
    assert build(told(), place, records, told="1") == Built()


def test_nothing_is_looked_at_while_nothing_changed(
    place: Place, records: DirectoryPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(told(), place, records, told="1")
    monkeypatch.setattr(building, "plan", lambda _: pytest.fail("planned again"))
    assert build(told(), place, records, told="1") == Built()


def test_one_more_essay_makes_what_tells_of_it(place: Place, records: DirectoryPublisher) -> None:
    build(told(MANY[:-1]), place, records, told="1")
    written = build(told(), place, records, told="2").written
    assert written == (
        "essays/aster-1-essay-004/index.html",  # it has a later neighbour now
        "essays/aster-1-essay-005/index.html",
        "essays/aster-1-essay-005/verify.html",
        "about.html",
        "archive.html",
        "index.html",
        "feed.xml",
        "feed.json",
    )
    assert public(place) == site_files(told())


def test_a_declined_slot_touches_no_essay(place: Place, records: DirectoryPublisher) -> None:
    build(told(), place, records, told="1")
    more = [*MANY, slot(6, "no", outcome="declined")]
    written = build(told(more), place, records, told="2").written
    assert written == ("about.html", "archive.html", "index.html")


@pytest.mark.parametrize("after", range(0, 26, 3))
def test_a_build_that_was_killed_is_finished(
    place: Place, records: DirectoryPublisher, after: int
) -> None:
    build(told(MANY[:2]), place, records, told="1")
    place.dies_after = after
    with pytest.raises(Killed):
        build(told(), place, records, told="2")
    assert not is_whole(place, records)
    place.dies_after = None
    build(told(), place, records, told="2")
    assert public(place) == site_files(told())
    assert is_whole(place, records)


@pytest.mark.parametrize("path", ["index.html", "essays/aster-1-essay-002/index.html", "style.css"])
@pytest.mark.parametrize("taken", [True, False])
def test_a_page_that_is_gone_or_was_changed_comes_back(
    place: Place, records: DirectoryPublisher, path: str, taken: bool
) -> None:
    build(told(), place, records, told="1")
    if taken:
        place.remove([path])
    else:
        place.publish({path: b"somebody else wrote this"})
    assert not is_whole(place, records)
    assert build(told(), place, records, told="1").written == (path,)
    assert public(place) == site_files(told())


def test_without_reading_only_what_is_gone_is_seen(
    place: Place, records: DirectoryPublisher
) -> None:
    build(told(), place, records, told="1", compare=False)
    place.publish({"index.html": b"changed"})
    place.remove(["about.html"])
    written = build(told(), place, records, told="1", compare=False).written
    assert written == ("about.html",)


def test_other_looks_make_every_page_anew(
    place: Place, records: DirectoryPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def publish(self: Place, files: Mapping[str, bytes]) -> tuple[str, ...]:
        made.extend(files)
        return ()

    build(told(), place, records, told="1")
    monkeypatch.setattr("tasks.essays.site.plan.looks", lambda: "other")
    monkeypatch.setattr(Place, "publish", publish)
    build(told(), place, records, told="2")
    assert set(made) == set(site_files(told()))


def test_another_policy_makes_the_pages_that_tell_of_it(
    place: Place, records: DirectoryPublisher
) -> None:
    build(told(), place, records, told="1")
    earlier = [path for path in place.listing() if path.startswith("policies/")]
    other = site([channel(MANY, longest_hold_days=3)])
    built = build(other, place, records, told="2")
    assert {"policy.html", "policy.json"} <= set(built.written)
    assert built.removed == ()
    assert set(earlier) < {path for path in place.listing() if path.startswith("policies/")}


def test_a_tombstone_takes_the_place_of_an_essay(place: Place, records: DirectoryPublisher) -> None:
    build(told(), place, records, told="1")
    gone = with_act(with_act(MANY[2], "withdraw", "bo", "privacy"), "withdraw", "cy", "privacy")
    after = told([*MANY[:2], gone, *MANY[3:]])
    build(after, place, records, told="2")
    page = place.read("essays/aster-1-essay-003/index.html")
    assert page is not None
    assert b"This essay was withdrawn" in page
    assert page == site_files(after)["essays/aster-1-essay-003/index.html"]


def test_only_what_the_record_names_is_taken_away(
    place: Place, records: DirectoryPublisher
) -> None:
    report = Report("transparency/2026-Q4.html", "October to December 2026")
    place.publish({"transparency/foreign.html": b"not ours"})
    build(site([channel(MANY)], reports=(report,)), place, records, told="1")
    fewer = told(MANY[1:])  # another folder for a model must not break its old addresses
    assert build(fewer, place, records, told="2").removed == (report.path,)
    assert "transparency/foreign.html" in place.listing()
    assert "essays/aster-1-essay-001/index.html" in place.listing()


@pytest.mark.parametrize("broken", [b"{", b"[]", b'{"format": "emeritus-site-build@v1"}', b"\xff"])
def test_a_record_that_cannot_be_read_is_made_anew(
    place: Place, records: DirectoryPublisher, broken: bytes
) -> None:
    build(told(), place, records, told="1")
    (name,) = records.listing()
    records.publish({name: broken})
    assert not is_whole(place, records)
    assert build(told(), place, records, told="1").written == ()  # the bytes stand already
    assert json.loads(records.read(name) or b"")["told"] == "1"


def test_places_have_records_of_their_own(
    place: Place, records: DirectoryPublisher, tmp_path: Path
) -> None:
    other = Place(tmp_path / "other")
    build(told(), place, records, told="1")
    assert set(build(told(), other, records, told="1").written) == set(site_files(told()))
    assert len(records.listing()) == 2
