"""The S3 archive: the port's contract, and what a bucket adds to it."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from io import BytesIO
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.schema.preservation import S3Config
from tasks.adapters import s3_in_flight, s3_objects
from tasks.adapters.s3_archive import S3Archive
from tasks.adapters.s3_in_flight import InFlight
from tasks.adapters.s3_writer import S3BagWriter
from tasks.kernel.errors import ArchiveUnusable
from tests.contracts.archive import (
    ASIDE,
    BAG,
    LONGER_ID,
    NEXT,
    OLD,
    ArchiveContract,
    Make,
    content,
    contents,
    put,
)
from tests.fakes.s3_server import Fault, S3Server
from tests.tasks.adapters.s3_scene import (
    PART,
    TAGMANIFEST,
    Opens,
    alone_here,
    file_of,
    keep,
    leave,
    one_server,
    opens,
    server,
    small_parts,
    whole,
)

__all__ = ["alone_here", "one_server", "opens", "server", "small_parts"]
pytestmark = pytest.mark.usefixtures("alone_here")


class Tagged(S3Archive):
    """Puts the tagmanifest that the contract's bags lack, and hides it."""

    @contextmanager
    def writer(self, bag: str) -> Iterator[S3BagWriter]:
        with super().writer(bag) as writer:
            commit = writer.commit

            def with_tags() -> None:
                put(writer, TAGMANIFEST, b"")
                commit()

            writer.commit = with_tags
            yield writer

    def files(self, bag: str) -> Iterator[str]:
        return (path for path in super().files(bag) if path != TAGMANIFEST)


class TestS3Archive(ArchiveContract):
    @pytest.fixture
    def make(self, server: S3Server) -> Make:
        config = S3Config(bucket="bags", prefix="kept/here", endpoint_url=server.url)
        return lambda: Tagged("a", config)


# committing


def test_the_tagmanifest_goes_up_last_whenever_it_was_put(opens: Opens, server: S3Server) -> None:
    with opens().writer(BAG) as writer:
        put(writer, TAGMANIFEST, b"tags")
        put(writer, "data/a", b"a")
        writer.sync()
        assert not opens().exists(BAG)
        put(writer, "bagit.txt", b"b")
        writer.commit()
    puts = [call.key for call in server.calls if call.operation == "PutObject"]
    assert puts[-1] == f"kept/here/{BAG}/{TAGMANIFEST}"
    assert puts.count(puts[-1]) == 1
    assert opens().location(BAG) == f"s3://bags/kept/here/{BAG}"


def test_a_bag_without_tagmanifest_is_not_committed(opens: Opens) -> None:
    with opens().writer(BAG) as writer, pytest.raises(OSError, match="tagmanifest"):
        writer.commit()
    assert not opens().exists(BAG)


def test_what_is_put_twice_stands_as_it_was_put_last(opens: Opens) -> None:
    with opens().writer(BAG) as writer:
        for number in range(8):
            put(writer, "data/a", b"%d" % number)
    assert content(opens(), BAG, "data/a") == b"7"


# sweeping


@pytest.mark.usefixtures("small_parts")
def test_a_bag_is_begun_with_its_first_object_or_part(opens: Opens) -> None:
    leave(opens(), BAG, "data/f", file_of(2.5), 3 * PART)
    keep(opens(), NEXT, {"data/f": b"x"})
    assert [opens().begun(bag) for bag in (BAG, NEXT, LONGER_ID)] == [True, True, False]


@pytest.mark.usefixtures("small_parts")
def test_uploads_under_way_are_swept_with_their_bag(opens: Opens, server: S3Server) -> None:
    for bag in (BAG, NEXT, LONGER_ID):
        leave(opens(), bag, "data/f", file_of(2.5), 3 * PART)
    opens().sweep("m", keep=NEXT)
    assert {upload.key.split("/")[2] for upload in server.store.uploads.values()} == {
        NEXT,
        LONGER_ID,
    }


def test_a_committed_bag_is_never_swept_not_even_a_damaged_one(
    opens: Opens, server: S3Server
) -> None:
    keep(opens(), BAG, {"data/a": b"a", "manifest-sha256.txt": b"m"})
    server.store.delete(f"kept/here/{BAG}/{TAGMANIFEST}")
    keep(opens(), OLD, {"data/a": b"a"})
    opens().replace(OLD, "data/a", [b"a"], f"{OLD}.damaged-20260105")
    opens().sweep("m")
    assert contents(opens(), f"{OLD}.damaged-20260105") == {"data/a": b"a"}
    assert contents(opens(), OLD) == {"data/a": b"a", TAGMANIFEST: b"t"}
    assert contents(opens(), BAG) == {"data/a": b"a", "manifest-sha256.txt": b"m"}


def test_models_whose_names_begin_alike_are_left_alone(opens: Opens) -> None:
    bags = [f"a-{end}" for end in ("b-20260101-0000aaaa", "20260101-0000aaaa", "20260101-xyz")]
    for bag in bags:
        leave(opens(), bag, "data/f", b"", 0)
        with opens().writer(bag) as writer:
            put(writer, "data/f", b"f")
    opens().sweep("a")
    with pytest.raises(FileNotFoundError):
        opens().files(bags[1])
    assert [list(opens().files(bag)) for bag in (bags[0], bags[2])] == [["data/f"], ["data/f"]]


@pytest.mark.parametrize("status", [501, 405, 403])
def test_a_store_that_deletes_singly_or_not_at_all_is_swept_in_silence(
    opens: Opens, server: S3Server, status: int
) -> None:
    with opens().writer(BAG) as writer:
        for number in range(9):
            put(writer, f"data/{number}", b"x")
    server.faults.append(Fault("DeleteObjects", status, "NotImplemented", times=9))
    server.faults.append(Fault("DeleteObject", 403, "AccessDenied", key="data/4"))
    opens().sweep("m")
    left = 9 if status == 403 else 1
    assert len(list(opens().files(BAG))) == left


# links


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1))
def test_a_link_is_a_url_that_leads_back_to_its_key(name: str) -> None:
    bucket = S3Archive("a", S3Config(bucket="bags", prefix="p")).bucket
    url = bucket.url(bucket.key(OLD, "data", name))
    assert url.isascii()
    assert not set(url) & set(' \t\r\n<>"{}|\\^`')
    assert unquote(url) == f"s3://bags/p/{OLD}/data/{name}"


def test_many_links_take_few_requests(opens: Opens, server: S3Server) -> None:
    server.page = 1000
    keep(opens(), OLD, {f"data/f.pieces/{n:06}": b"x" for n in range(40)})
    server.calls.clear()
    with opens().writer(BAG) as writer:
        for number in range(40):
            writer.link(f"data/{number}", OLD, f"data/f.pieces/{number:06}")
        assert len([call for call in server.calls if call.operation != "HeadObject"]) == 1
        with pytest.raises(FileNotFoundError):
            writer.link("data/x", OLD, "data/f.pieces/000040")


# mending


@pytest.mark.usefixtures("small_parts")
def test_nothing_is_seen_of_a_replacement_before_it_is_whole(
    opens: Opens, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.adapters.s3_mending._PART", PART)
    keep(opens(), BAG, {"data/a": b"damaged"})

    def sound() -> Iterator[bytes]:
        for start in range(0, 3 * PART, 1000):
            assert content(opens(), BAG, "data/a") == b"damaged"
            yield file_of(3)[start : start + 1000]

    opens().replace(BAG, "data/a", sound(), ASIDE)
    assert content(opens(), BAG, "data/a") == file_of(3)
    assert content(opens(), ASIDE, "data/a") == b"damaged"

    def broken() -> Iterator[bytes]:
        yield file_of(2.5)
        raise EOFError

    with suppress(EOFError):
        opens().replace(BAG, "data/a", broken(), ASIDE)
    assert content(opens(), BAG, "data/a") == file_of(3)
    assert not server.store.uploads


def test_a_lost_answer_to_a_replacement_is_found_out(
    opens: Opens, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.adapters.s3_mending._PART", PART)
    keep(opens(), BAG, {"data/a": b"damaged"})
    server.faults.append(Fault("CompleteMultipartUpload", late=True))
    opens().replace(BAG, "data/a", [file_of(3)], ASIDE)
    assert server.count("CompleteMultipartUpload", 404) == 1
    assert content(opens(), BAG, "data/a") == file_of(3)


@pytest.mark.parametrize("largest", [0, 1 << 30])
def test_an_object_that_changes_before_it_is_copied_is_not_kept_for_the_old_one(
    opens: Opens, server: S3Server, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    monkeypatch.setattr(s3_objects, "COPY_WHOLE", largest)
    bucket = opens().bucket
    keep(opens(), BAG, {"data/a": b"a"})
    key = bucket.key(BAG, "data/a")
    seen = s3_objects.look(bucket, bucket.write, key)
    assert seen is not None
    opens().replace(BAG, "data/a", [b"b"], ASIDE)
    with pytest.raises(OSError, match="it changed meanwhile"):
        s3_objects.copy(bucket, key, seen, bucket.key("elsewhere"))
    assert bucket.key("elsewhere") not in server.store.listed()
    assert not server.store.uploads


def test_an_object_too_large_for_one_copy_is_kept_aside_in_parts(
    opens: Opens, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_objects, "COPY_WHOLE", 1000)
    monkeypatch.setattr(s3_objects, "COPY_PART", 700)
    keep(opens(), BAG, {"data/a": file_of(1)})
    opens().replace(BAG, "data/a", [b"new"], ASIDE)
    assert content(opens(), ASIDE, "data/a") == file_of(1)
    assert server.count("UploadPartCopy") == 6


def test_a_folder_marker_is_no_file(opens: Opens) -> None:
    keep(opens(), BAG, {"data/a": b"a"})
    opens().bucket.write.put_object(Bucket="bags", Key=f"kept/here/{BAG}/data/", Body=b"")
    assert list(opens().files(BAG)) == ["data/a", TAGMANIFEST]


# what the configuration asks for


def test_every_role_does_its_own_work(opens: Opens, server: S3Server) -> None:
    roles = {
        "write_role_arn": "arn:aws:iam::1:role/writer",
        "read_role_arn": "arn:aws:iam::1:role/reader",
    }
    server.denied = {("reader", "PutObject"), ("base", "PutObject"), ("base", "GetObject")}
    archive = opens(**roles)
    keep(archive, BAG, {"data/a": b"a"})
    archive.replace(BAG, "data/a", [b"b"], ASIDE)
    written = {call.caller for call in server.calls if call.operation != "AssumeRole"}
    assert written == {"writer"}
    server.calls.clear()
    assert archive.exists(BAG)
    assert contents(archive, BAG) == {"data/a": b"b", TAGMANIFEST: b"t"}
    assert archive.stamp(BAG)
    taken = [call.caller for call in server.calls if call.operation == "AssumeRole"]
    assert taken == ["base"]
    assert {c.caller for c in server.calls if c.operation != "AssumeRole"} == {"reader"}


def test_a_role_that_may_not_be_taken_is_told(opens: Opens, server: S3Server) -> None:
    server.faults.append(Fault("AssumeRole", 403, "AccessDenied"))
    with pytest.raises(PermissionError, match="AssumeRole was answered with 403"):
        opens(read_role_arn="arn:aws:iam::1:role/reader").exists(BAG)


@pytest.mark.usefixtures("small_parts")
def test_every_object_is_locked_and_encrypted_as_configured(server: S3Server) -> None:
    server.lockable = True
    config = S3Config(
        bucket="bags",
        endpoint_url=server.url,
        kms_key_id="key-1",
        object_lock_mode="compliance",
        object_lock_days=30,
    )
    archive = S3Archive("a", config, now=lambda: datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC))
    keep(archive, OLD, {"data/a": b"a"})
    whole(archive, BAG, "data/f", file_of(2.5))
    archive.replace(BAG, "data/f", [b"new"], ASIDE)
    assert len(server.store.listed()) == 5
    for key in server.store.listed():
        stored = server.store.current(key)
        assert stored is not None
        assert stored.headers == {
            "x-amz-object-lock-mode": "COMPLIANCE",
            "x-amz-object-lock-retain-until-date": "2026-02-01T03:04:05Z",
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
        }


@pytest.mark.parametrize(
    "asked", [{"versioning": True}, {"object_lock_mode": "governance", "object_lock_days": 1}]
)
def test_a_bucket_that_lacks_what_is_asked_for_is_refused_before_anything_is_written(
    opens: Opens, server: S3Server, asked: dict[str, object]
) -> None:
    def begin() -> None:
        with opens(**asked).writer(BAG) as writer:
            put(writer, "data/a", b"a")

    with pytest.raises(ArchiveUnusable, match=r"replica a: bucket bags .*aws s3api"):
        begin()
    assert not server.store.listed()
    server.store.versioned = server.lockable = True
    begin()
    assert server.store.listed() == [f"kept/here/{BAG}/data/a"]


def test_uploads_in_flight_are_few() -> None:
    gate, running, most = threading.Event(), [], []

    def work(_: BytesIO) -> None:
        running.append(1)
        most.append(len(running))
        gate.wait(5)
        running.pop()

    flight = InFlight()
    flight.start(work, flight.body())
    threading.Timer(0.02, gate.set).start()
    flight.start(work, flight.body())
    flight.start(work, flight.body())
    flight.wait()
    flight.close()
    assert max(most) == 2


def filled(flight: InFlight, size: int) -> BytesIO:
    body = flight.body()
    body.write(bytes(size))
    return body


def test_a_body_too_large_for_company_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_in_flight, "BUDGET", 100)
    done: list[int] = []
    with closing(InFlight()) as flight:
        flight.start(lambda _: done.append(1), filled(flight, 51))
        assert done


def test_writers_share_one_budget_and_each_has_room_for_a_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3_in_flight, "BUDGET", 100)
    gate, alone = threading.Event(), list[bool]()
    with closing(InFlight()) as one:
        one.start(lambda _: alone.append(gate.wait(5)), filled(one, 50))
        gate.set()
        one.wait()
        assert alone == [True], "alone, it has room for two"
        done: list[int] = []
        with closing(InFlight()) as two:
            for flight in (one, two):
                flight.start(lambda _: done.append(1), filled(flight, 50))
            assert len(done) == 2


def test_a_body_is_used_again_and_holds_only_what_was_written_last() -> None:
    seen: list[bytes] = []
    with closing(InFlight()) as flight:
        first = flight.body()
        first.write(b"longer")
        flight.start(lambda body: seen.append(body.getvalue()), first)
        flight.wait()
        again = flight.body()
        assert again is first
        again.write(b"short")
        flight.start(lambda body: seen.append(body.getvalue()), again)
        flight.wait()
    assert seen == [b"longer", b"short"]
