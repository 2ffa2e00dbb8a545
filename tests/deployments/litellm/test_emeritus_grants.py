"""The reader of signed grants files: what it believes, and for how long."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tasks.ports.gateway import GrantedAccess
from tests.fakes.clock import FakeClock
from tests.fakes.grants import MODEL, NAMES, Serials, granted
from tests.fakes.hooks import GrantsFolder, grants

TOKEN = "a" * 64


class Place:
    """A folder of grants files, its writer, and readers of it."""

    def __init__(self, top: Path, clock: FakeClock) -> None:
        self.top, self.clock = top, clock
        self.signing = GrantSigning(top / "keys" / "g")
        self.writer = GrantsFile(top / "grants", self.signing, Serials(), clock.now)
        self.path = top / "grants" / f"{MODEL}.json"

    def reader(self, seen: Path | None = None) -> GrantsFolder:
        now = self.clock.now
        folder = self.top / "grants"
        return GrantsFolder(folder, self.signing.signers, seen, now=lambda: now().timestamp())

    def tell(self, *tokens: str, **fields: object) -> None:
        self.clock.advance(seconds=1)
        self.writer.apply(MODEL, NAMES, [granted(self.clock.now(), *tokens, **fields)], {"a": 1})

    def kept(self) -> tuple[bytes, bytes]:
        return self.path.read_bytes(), Path(f"{self.path}.sig").read_bytes()

    def put(self, pair: tuple[bytes, bytes]) -> None:
        self.path.write_bytes(pair[0])
        Path(f"{self.path}.sig").write_bytes(pair[1])


def holds(reader: GrantsFolder, token: str = TOKEN) -> bool:
    reader.refresh()
    return bool(reader.grants_of(token))


@pytest.fixture
def place(tmp_path: Path, clock: FakeClock) -> Place:
    return Place(tmp_path, clock)


def test_what_is_written_counts_from_the_next_question_on(place: Place) -> None:
    reader = place.reader()
    assert not holds(reader)
    place.tell(TOKEN)
    assert holds(reader)
    place.tell()
    assert not holds(reader)


@pytest.mark.parametrize(
    "harm",
    [
        lambda place: place.path.write_bytes(place.path.read_bytes() + b" "),
        lambda place: place.path.unlink(),
        lambda place: Path(f"{place.path}.sig").unlink(),
        lambda place: place.path.write_bytes(b"{"),
        lambda place: shutil.rmtree(place.top / "grants"),
        lambda place: place.path.rename(place.path.with_name("aster-9.json")),
    ],
    ids=["changed", "removed", "unsigned", "cut off", "folder gone", "under another name"],
)
def test_the_last_good_file_counts_for_the_grace_and_no_longer(
    place: Place, harm: Callable[[Place], object]
) -> None:
    place.tell(TOKEN)
    reader, fresh = place.reader(), place.reader()
    assert holds(reader)
    harm(place)
    assert holds(reader)  # as between the two writes of an honest change
    assert not holds(fresh)  # that never saw the good one
    place.clock.advance(seconds=grants.GRACE_SECONDS)
    assert not holds(reader)
    assert reader.is_ours(TOKEN)  # so its holder is told, and nobody else decides on it
    assert reader.telling_of(MODEL) == ()
    place.tell(TOKEN)
    assert holds(reader)


def test_the_grace_does_not_begin_anew_with_each_harm(place: Place) -> None:
    place.tell(TOKEN)
    reader = place.reader()
    assert holds(reader)
    for number in range(4):
        place.path.write_bytes(b" " * number)
        holds(reader)
        place.clock.advance(seconds=grants.GRACE_SECONDS / 3)
    assert not holds(reader)


def test_a_harmed_file_opens_nothing_new(place: Place) -> None:
    place.tell(TOKEN)
    reader = place.reader()
    assert holds(reader)
    body = json.loads(place.path.read_bytes())
    body["grants"][0]["token_ids"].append("b" * 64)
    place.path.write_bytes(json.dumps(body).encode())
    assert not holds(reader, "b" * 64)


def test_another_machines_signature_opens_nothing(place: Place, tmp_path: Path) -> None:
    place.tell(TOKEN)
    other = Place(tmp_path / "other", place.clock)
    other.tell(TOKEN)
    place.put(other.kept())
    assert not holds(place.reader())


def test_an_older_file_brings_nothing_back(place: Place) -> None:
    place.tell(TOKEN)
    old = place.kept()
    reader = place.reader()
    assert holds(reader)
    place.tell()
    assert not holds(reader)
    place.put(old)
    assert not holds(reader)


def test_an_older_file_brings_nothing_back_after_a_restart_where_a_file_remembers(
    place: Place, tmp_path: Path
) -> None:
    seen = tmp_path / "seen.json"
    place.tell(TOKEN)
    old = place.kept()
    place.tell()
    assert not holds(place.reader(seen))
    place.put(old)
    assert not holds(place.reader(seen))
    assert holds(place.reader())  # without that file it can't know: the docs say so


def test_what_was_remembered_by_times_does_not_shut_out_numbers(
    place: Place, tmp_path: Path
) -> None:
    """A file of the format before held instants, which are higher than any number."""
    seen = tmp_path / "seen.json"
    seen.write_text(json.dumps({MODEL: 1_796_115_600.5}))
    place.tell(TOKEN)
    old = place.kept()
    assert holds(place.reader(seen))
    place.tell()
    assert not holds(place.reader(seen))
    place.put(old)
    assert not holds(place.reader(seen))


@pytest.mark.parametrize("seen", ["[]", "{", '{"serials": []}', '{"serials": {"aster-1": "x"}}'])
def test_a_memory_that_cannot_be_read_opens_nothing(
    place: Place, tmp_path: Path, seen: str
) -> None:
    path = tmp_path / "seen.json"
    path.write_text(seen)
    place.tell(TOKEN)
    assert not holds(place.reader(path))


def test_a_name_that_two_files_tell_of_is_shared_until_one_gives_it_up_and_said_so(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """The first file by name used to win."""

    def other(names: list[str], *grants_of_it: GrantedAccess) -> frozenset[str]:
        place.writer.apply("birch-7b", names, grants_of_it, {})
        reader.refresh()
        return reader.shared  # type: ignore[no-any-return]

    place.tell(TOKEN)
    reader = place.reader()
    assert holds(reader)
    assert reader.shared == frozenset()
    assert other(["birch-7b", MODEL]) == {MODEL}
    assert other(["birch-7b", MODEL]) == {MODEL}
    assert other(["birch-7b"], granted(place.clock.now())) == set(NAMES)  # by a grant too
    said = [one.getMessage() for one in caplog.records if "told of by" in one.getMessage()]
    assert said == [
        f"the name {name} is told of by the grants files of aster-1 and birch-7b: no grant opens "
        "it until one of them gives it up"
        for name in NAMES
    ]
    (place.top / "grants" / "birch-7b.json").write_bytes(b"{")  # spoiling it frees no name
    reader.refresh()
    place.clock.advance(seconds=grants.GRACE_SECONDS)
    assert reader.shared == set(NAMES)
    assert other(["birch-7b"]) == frozenset()


def test_a_removed_file_gives_up_a_shared_name_after_the_time_of_grace(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    """It used to keep it shut until the reader started anew."""
    place.tell(TOKEN)
    place.writer.apply("birch-7b", ["birch-7b", MODEL], [], {})
    place.writer.apply("cedar-8b", ["cedar-8b"], [], {})
    reader, file = place.reader(), place.top / "grants" / "birch-7b.json"
    kept = file.read_bytes()

    def shared(seconds: float = 0) -> frozenset[str]:
        place.clock.advance(seconds=seconds)
        reader.refresh()
        return reader.shared  # type: ignore[no-any-return]

    assert shared() == {MODEL}
    file.unlink()
    assert shared() == {MODEL}
    file.write_bytes(kept)  # it was gone for a moment
    assert shared(grants.GRACE_SECONDS) == {MODEL}
    file.unlink()
    assert shared() == {MODEL}
    assert shared(grants.GRACE_SECONDS - 1) == {MODEL}
    caplog.clear()
    assert shared(1) == frozenset()
    assert not reader.is_stale(), "nothing is left to look at"
    place.writer.apply("cedar-8b", ["cedar-8b", "cedar"], [], {})
    assert shared() == frozenset()
    assert holds(reader)
    assert not [one for one in caplog.records if "told of by" in one.getMessage()]
    file.write_bytes(kept)  # back again, so both claim it
    assert shared() == {MODEL}


def test_a_folder_that_comes_back_shares_what_it_shared_before(place: Place) -> None:
    """As where a disk was away: nothing opens between the first file's return and the last's."""
    place.tell(TOKEN)
    place.writer.apply("birch-7b", ["birch-7b", MODEL], [], {})
    reader, away = place.reader(), place.top / "away"
    reader.refresh()
    (place.top / "grants").rename(away)
    reader.refresh()
    place.clock.advance(seconds=grants.GRACE_SECONDS)
    assert not holds(reader)
    assert reader.shared == frozenset()
    away.rename(place.top / "grants")
    assert holds(reader)
    assert reader.shared == {MODEL}


def test_all_files_that_tell_of_a_shared_name_are_given(place: Place) -> None:
    place.tell(TOKEN)
    place.writer.apply("birch-7b", ["birch-7b", "aster-1-latest"], [], {})
    reader = place.reader()
    told = {name: [b["model_id"] for b in reader.telling_of(name)] for name in (*NAMES, "birch-7b")}
    assert told == {MODEL: [MODEL], "aster-1-latest": [MODEL, "birch-7b"], "birch-7b": ["birch-7b"]}
    assert len(reader.telling_of("openai/aster-1-latest")) == 2


@pytest.mark.parametrize(
    "edit",
    [
        lambda body: body | {"format": "emeritus-grants/1"},
        lambda body: body | {"model_id": "aster-2"},
        lambda body: body | {"names": [""]},
        lambda body: body | {"names": [1]},
        lambda body: body | {"names": MODEL},
        lambda body: body | {"serial": 0},
        lambda body: body | {"serial": True},
        lambda body: body | {"serial": "9"},
        lambda body: {name: value for name, value in body.items() if name != "serial"},
        lambda body: body | {"grants": [body["grants"][0] | {"names": [""]}]},
        lambda body: body | {"grants": [body["grants"][0] | {"starts_at": "2026-12-01T09:00:00"}]},
        lambda body: body | {"grants": [{"id": "g"}]},
        lambda body: {},
        lambda body: [],
    ],
)
def test_a_signed_file_of_another_form_opens_nothing(
    place: Place, edit: Callable[[dict[str, object]], object]
) -> None:
    place.tell(TOKEN)
    data = json.dumps(edit(json.loads(place.path.read_bytes()))).encode()
    place.put((data, place.signing.sign(data)))
    assert not holds(place.reader())


def test_a_model_is_known_through_a_providers_prefix(place: Place) -> None:
    place.tell(TOKEN)
    reader = place.reader()
    for name in (MODEL, "openai/aster-1", "azure/eu/aster-1-latest"):
        (body,) = reader.telling_of(name)
        assert body["model_id"] == MODEL
    assert reader.telling_of("aster-10") == ()
    assert reader.telling_of("aster-1/other") == ()


def test_who_holds_a_grant_is_told_by_litellms_own_token(place: Place, clock: FakeClock) -> None:
    place.tell(grants.token_id_of("sk-secret"))
    (body,) = place.reader().telling_of(MODEL)
    caller = SimpleNamespace(token=grants.token_id_of("sk-secret"), api_key=None)
    raw = SimpleNamespace(token=None, api_key="sk-secret")
    for one in (caller, raw):
        assert grants.caller_holds_grant(body, one, clock.now())
        assert not grants.caller_holds_grant(body, one, clock.now() + timedelta(days=31))
    nobody = SimpleNamespace(token=None, api_key=None)
    assert not grants.caller_holds_grant(body, nobody, clock.now())


_instants = st.floats(0, 100)


@settings(deadline=None)
@drawn(_instants, _instants, st.none() | _instants, _instants)
def test_it_reads_a_term_as_the_records_do(
    starts: float, ends: float, revoked: float | None, at: float
) -> None:
    zero = FakeClock().now()
    access = replace(
        granted(zero),
        starts_at=zero + timedelta(seconds=starts),
        ends_at=zero + timedelta(seconds=ends),
        revoked_at=None if revoked is None else zero + timedelta(seconds=revoked),
    )
    body = {
        "model_id": MODEL,
        "names": list(NAMES),
        "grants": [
            {
                "id": "g",
                "kind": "paid_users",
                "holder": "",
                "starts_at": access.starts_at.isoformat(),
                "ends_at": access.ends_at.isoformat(),
                "names": list(access.names),
                "revoked_at": access.revoked_at.isoformat() if access.revoked_at else None,
                "token_ids": [TOKEN],
            }
        ],
    }
    instant = zero + timedelta(seconds=at)
    caller = SimpleNamespace(token=TOKEN)
    assert grants.caller_holds_grant(body, caller, instant) == access.is_open(instant)
