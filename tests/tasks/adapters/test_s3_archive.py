import errno
import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configs.schema.preservation import S3Config
from tasks.adapters import s3_client, s3_objects, s3_parts, s3_writer
from tasks.adapters.s3_archive import S3Archive
from tasks.adapters.s3_in_flight import InFlight
from tasks.adapters.s3_writer import S3BagWriter
from tasks.kernel.errors import ArchiveUnusable
from tasks.kernel.retry import is_transient_fault
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
    stream,
)
from tests.fakes.s3_server import SECRET, Fault, S3Server, alone

TAGMANIFEST = "tagmanifest-sha256.txt"
PART = 4096
Opens = Callable[..., S3Archive]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)


@pytest.fixture(scope="module")
def one_server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def server(one_server: S3Server, tmp_path: Path) -> S3Server:
    one_server.begin(tmp_path / "s3", page=7)
    return one_server


@pytest.fixture
def opens(server: S3Server) -> Opens:
    """Opens the same place anew, with more of the configuration where a test asks for it."""

    def opens(**more: object) -> S3Archive:
        plain = {"bucket": "bags", "prefix": "kept/here", "endpoint_url": server.url}
        return S3Archive("a", S3Config.model_validate({**plain, **more}))

    return opens


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_writer, "part_size", lambda size: PART)


def file_of(parts: float, seed: int = 0) -> bytes:
    """As many parts' worth of bytes, no two parts the same."""
    size = int(parts * PART)
    blocks = (hashlib.sha256(f"{seed} {n}".encode()).digest() for n in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def keep(archive: S3Archive, bag: str, files: dict[str, bytes]) -> None:
    with archive.writer(bag) as writer:
        for path, data in files.items():
            put(writer, path, data)
        put(writer, TAGMANIFEST, b"t")
        writer.commit()


def leave(archive: S3Archive, bag: str, path: str, data: bytes, size: int) -> None:
    """What a pass leaves that dies in the middle of a file."""
    with archive.writer(bag) as writer:
        writer.open_file(path, size)
        writer.write(data)
        writer.sync()


def whole(archive: S3Archive, bag: str, path: str, data: bytes) -> None:
    with archive.writer(bag) as writer:
        stream(writer, path, data)
        put(writer, TAGMANIFEST, b"t")
        writer.commit()


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

    def files(self, bag: str) -> Sequence[str]:
        return [path for path in super().files(bag) if path != TAGMANIFEST]


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


# a file in parts


@given(st.integers(0, 60 << 40))
def test_parts_are_few_and_large_enough(size: int) -> None:
    part = s3_parts.part_size(size)
    assert part >= 16 << 20
    assert part % (1 << 20) == 0
    assert part * 10_000 >= size
    assert part == 16 << 20 or (part - (1 << 20)) * 10_000 < size


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("parts", [0.5, 1, 1.5, 2, 3.25])
def test_a_file_of_any_number_of_parts_is_whole(
    opens: Opens, server: S3Server, parts: float
) -> None:
    data = file_of(parts)
    whole(opens(), BAG, "data/f", data)
    assert content(opens(), BAG, "data/f") == data
    assert server.count("UploadPart") == (0 if parts <= 1 else -(-len(data) // PART))
    assert not server.store.uploads


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("checksums", [True, False])
def test_a_kill_costs_the_part_in_flight(opens: Opens, server: S3Server, checksums: bool) -> None:
    server.part_checksums, server.page = checksums, 2
    data = file_of(9.5)
    leave(opens(), BAG, "data/f", data[: int(6.5 * PART)], len(data))
    assert server.count("UploadPart") == 6
    server.calls.clear()
    whole(opens(), BAG, "data/f", data)
    assert sorted(c.part for c in server.calls if c.operation == "UploadPart") == [7, 8, 9, 10]
    assert server.count("ListParts") == 3
    assert content(opens(), BAG, "data/f") == data


@pytest.mark.usefixtures("small_parts")
def test_a_part_that_differs_goes_up_again(opens: Opens, server: S3Server) -> None:
    data = file_of(6)
    other = data[:PART] + file_of(1, seed=1) + data[2 * PART :]
    leave(opens(), BAG, "data/f", other[: 4 * PART], len(data))
    server.calls.clear()
    whole(opens(), BAG, "data/f", data)
    assert sorted(c.part for c in server.calls if c.operation == "UploadPart") == [2, 5, 6]
    assert content(opens(), BAG, "data/f") == data


@pytest.mark.usefixtures("small_parts")
def test_the_newest_upload_is_taken_up_and_the_others_are_dropped(
    opens: Opens, server: S3Server
) -> None:
    data, client = file_of(4), opens().bucket.write
    for _ in range(2):
        client.create_multipart_upload(Bucket="bags", Key=f"kept/here/{BAG}/data/f")
    client.create_multipart_upload(Bucket="bags", Key=f"kept/here/{BAG}/data/f.other")
    whole(opens(), BAG, "data/f", data)
    assert server.count("CreateMultipartUpload") == 3
    assert content(opens(), BAG, "data/f") == data
    assert not server.store.uploads


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("checksums", [True, False])
def test_a_file_that_a_dead_pass_ended_is_not_sent_again(
    opens: Opens, server: S3Server, checksums: bool
) -> None:
    server.part_checksums = checksums
    if not checksums:
        server.ignores.add("checksum")
    data = file_of(5.5)
    with opens().writer(BAG) as writer:
        stream(writer, "data/f", data)
    server.calls.clear()
    whole(opens(), BAG, "data/f", data)
    assert server.count("UploadPart") == 0
    assert content(opens(), BAG, "data/f") == data


@pytest.mark.usefixtures("small_parts")
def test_a_file_that_changed_since_it_was_ended_goes_up_with_the_next_try(
    opens: Opens, server: S3Server
) -> None:
    data = file_of(5.5)
    with opens().writer(BAG) as writer:
        stream(writer, "data/f", file_of(5.5, seed=1))
    with pytest.raises(ConnectionError, match="other bytes") as raised:
        whole(opens(), BAG, "data/f", data)
    assert is_transient_fault(raised.value)
    whole(opens(), BAG, "data/f", data)
    assert content(opens(), BAG, "data/f") == data


@pytest.mark.usefixtures("small_parts")
def test_a_part_that_the_store_lost_is_no_whole_file(opens: Opens, server: S3Server) -> None:
    server.faults.append(Fault("UploadPart", forget=True))
    with pytest.raises(OSError, match="CompleteMultipartUpload was answered with 400 InvalidPart"):
        whole(opens(), BAG, "data/f", file_of(3))
    assert not opens().exists(BAG)
    whole(opens(), BAG, "data/f", file_of(3))
    assert content(opens(), BAG, "data/f") == file_of(3)


@pytest.mark.usefixtures("small_parts")
def test_a_part_that_the_store_lost_while_it_joined_them_is_found_out(
    opens: Opens, server: S3Server
) -> None:
    server.part_checksums = False
    server.faults.append(Fault("CompleteMultipartUpload", forget=True))
    with pytest.raises(ConnectionError, match="8192 bytes stand there, 12288 were sent"):
        whole(opens(), BAG, "data/f", file_of(3))


@pytest.mark.usefixtures("small_parts")
def test_a_part_that_arrives_damaged_at_a_store_that_does_not_look_goes_up_again(
    opens: Opens, server: S3Server
) -> None:
    server.ignores.add("checksum")
    server.faults.append(Fault("UploadPart", garble=5))
    with pytest.raises(ConnectionError, match="arrived damaged"):
        whole(opens(), BAG, "data/f", file_of(3))
    whole(opens(), BAG, "data/f", file_of(3))
    assert content(opens(), BAG, "data/f") == file_of(3)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("checksums", [True, False])
@pytest.mark.parametrize(("seed", "completed"), [(0, 1), (1, 2)])
def test_a_file_in_parts_is_created_once_unless_it_differs(
    opens: Opens, server: S3Server, seed: int, completed: int, checksums: bool
) -> None:
    server.part_checksums = checksums
    for data in (file_of(3, seed=seed), file_of(3)):
        with opens().writer(BAG) as writer:
            stream(writer, "data/f", data, size=4 * PART)  # grown shorter since it was listed
    assert server.count("CompleteMultipartUpload", 412) == 1
    assert server.count("CompleteMultipartUpload") == completed
    assert content(opens(), BAG, "data/f") == file_of(3)
    assert not server.store.uploads


@pytest.mark.usefixtures("small_parts")
def test_a_large_part_goes_up_alone_and_no_memory_grows(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_parts, "_MEMORY", PART)
    whole(opens(), BAG, "data/f", file_of(4.5))
    assert content(opens(), BAG, "data/f") == file_of(4.5)


# conditional create


def test_what_a_dead_pass_left_whole_is_kept(opens: Opens, server: S3Server) -> None:
    for _ in range(2):
        with opens().writer(BAG) as writer:
            put(writer, "data/a", b"same")
    assert server.count("PutObject") == 1
    assert server.count("PutObject", 412) == 1


def test_what_a_dead_pass_left_otherwise_is_replaced(opens: Opens) -> None:
    for data in (b"left", b"mine"):
        with opens().writer(BAG) as writer:
            put(writer, "data/a", data)
    assert content(opens(), BAG, "data/a") == b"mine"


@pytest.mark.parametrize("code", [(501, "NotImplemented"), (400, "InvalidArgument")])
def test_a_store_without_conditional_create_is_looked_into(
    opens: Opens, server: S3Server, code: tuple[int, str]
) -> None:
    with opens().writer(BAG) as writer:
        put(writer, "data/a", b"left")
    server.faults.append(Fault("PutObject", *code))
    server.calls.clear()
    with opens().writer(BAG) as writer:
        put(writer, "data/a", b"left")
        writer.sync()
        put(writer, "data/b", b"new")
        writer.sync()
    assert server.count("PutObject") == 1
    assert contents(opens(), BAG) == {"data/a": b"left", "data/b": b"new"}


def test_a_store_that_keeps_no_checksum_is_compared_by_reading(
    opens: Opens, server: S3Server
) -> None:
    server.ignores.add("checksum")
    for data in (b"left", b"left", b"mine"):
        with opens().writer(BAG) as writer:
            put(writer, "data/a", data)
    assert server.count("PutObject") == 2
    assert content(opens(), BAG, "data/a") == b"mine"


# faults


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    "operation",
    ["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload", "HeadObject",
     "GetObject", "ListObjectsV2"],
)  # fmt: skip
@pytest.mark.parametrize("fault", [(503, "SlowDown"), (500, "InternalError")])
def test_a_busy_store_is_asked_again(
    opens: Opens, server: S3Server, operation: str, fault: tuple[int, str]
) -> None:
    server.faults.append(Fault(operation, *fault, times=3))
    whole(opens(), BAG, "data/f", file_of(2.5))
    assert contents(opens(), BAG) == {"data/f": file_of(2.5), TAGMANIFEST: b"t"}
    assert not server.faults


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("operation", ["PutObject", "UploadPart"])
@pytest.mark.parametrize("fault", [{"cut": 0}, {"cut": 2000}, {"late": True}])
def test_a_connection_cut_on_the_way_in_loses_nothing(
    opens: Opens, server: S3Server, operation: str, fault: dict[str, int]
) -> None:
    server.faults.append(Fault(operation, **fault))
    with opens().writer(BAG) as writer:
        put(writer, "data/a", file_of(1))
        stream(writer, "data/f", file_of(2.5))
        writer.sync()
    assert contents(opens(), BAG) == {"data/a": file_of(1), "data/f": file_of(2.5)}
    assert not server.faults


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("checksums", [True, False])
def test_a_lost_answer_to_completion_is_found_out(
    opens: Opens, server: S3Server, checksums: bool
) -> None:
    server.part_checksums = checksums
    server.faults.append(Fault("CompleteMultipartUpload", late=True))
    whole(opens(), BAG, "data/f", file_of(2.5))
    assert content(opens(), BAG, "data/f") == file_of(2.5)


@pytest.mark.parametrize("cuts", [[0], [1], [1_500_000], [1_000_000, 0, 700_000, 10]])
def test_a_connection_cut_on_the_way_out_is_taken_up(
    opens: Opens, server: S3Server, cuts: list[int]
) -> None:
    data = file_of(700)
    keep(opens(), BAG, {"data/a": data})
    server.faults += [Fault("GetObject", cut=cut, key="data/a") for cut in cuts]
    assert content(opens(), BAG, "data/a") == data
    assert server.count("GetObject", 206) + server.count("GetObject") == len(cuts) + 1


def test_an_object_that_changes_between_two_parts_of_a_read_is_an_error(
    opens: Opens, server: S3Server
) -> None:
    data = file_of(700)
    keep(opens(), BAG, {"data/a": data})
    server.faults.append(Fault("GetObject", cut=2_000_000))
    chunks = opens().read(BAG, "data/a")
    next(chunks)
    opens().replace(BAG, "data/a", [data[::-1]], ASIDE)
    with pytest.raises(OSError, match="it changed meanwhile"):
        list(chunks)


def test_a_connection_that_always_breaks_ends_the_read(opens: Opens, server: S3Server) -> None:
    keep(opens(), BAG, {"data/a": b"a" * 5000})
    server.faults.append(Fault("GetObject", cut=0, times=1000))
    with pytest.raises(ConnectionError, match="GetObject"):
        content(opens(), BAG, "data/a")


def test_a_store_that_gives_no_ranges_is_not_misread(opens: Opens, server: S3Server) -> None:
    keep(opens(), BAG, {"data/a": file_of(700)})
    server.ignores.add("range")
    server.faults.append(Fault("GetObject", cut=1_500_000))
    with pytest.raises(OSError, match="gives no part"):
        content(opens(), BAG, "data/a")


def test_damage_on_the_way_in_is_refused_and_may_be_tried_again(
    opens: Opens, server: S3Server
) -> None:
    server.faults.append(Fault("PutObject", garble=3))
    with pytest.raises(ConnectionError, match="BadDigest") as raised:
        keep(opens(), BAG, {"data/a": b"aaaaaaaa"})
    assert is_transient_fault(raised.value)
    assert not server.store.listed()


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("fault", [Fault("PutObject", rot=9), Fault("UploadPart", rot=9)])
def test_damage_in_the_store_is_found_by_reading_back(
    opens: Opens, server: S3Server, fault: Fault
) -> None:
    server.faults.append(fault)
    files = {"data/a": file_of(1), "data/f": file_of(2.5)}
    with opens().writer(BAG) as writer:
        for path, data in files.items():
            stream(writer, path, data)
        put(writer, TAGMANIFEST, b"tags of the bag")
        writer.commit()
    found = contents(opens(), BAG)
    assert [path for path in files if found[path] != files[path]] == [
        "data/a" if fault.operation == "PutObject" else "data/f"
    ]


def test_a_bag_of_which_an_upload_failed_is_not_committed(opens: Opens, server: S3Server) -> None:
    def go_on_regardless() -> None:
        with opens().writer(BAG) as writer:
            put(writer, "data/a", b"a")
            with suppress(PermissionError):
                writer.sync()
            put(writer, TAGMANIFEST, b"")
            writer.commit()

    server.faults.append(Fault("PutObject", 403, "AccessDenied"))
    with pytest.raises(PermissionError):
        go_on_regardless()
    assert not opens().exists(BAG)


def test_an_upload_that_failed_in_the_background_fails_the_block(
    opens: Opens, server: S3Server
) -> None:
    def begin() -> None:
        with opens().writer(BAG) as writer:
            put(writer, "data/a", b"a")

    server.faults.append(Fault("PutObject", 403, "AccessDenied"))
    with pytest.raises(PermissionError):
        begin()


@pytest.mark.parametrize(
    ("status", "code", "kind", "number"),
    [
        (403, "AccessDenied", PermissionError, errno.EACCES),
        (401, "InvalidAccessKeyId", PermissionError, errno.EACCES),
        (403, "QuotaExceeded", OSError, errno.ENOSPC),
        (507, "InsufficientStorage", OSError, errno.ENOSPC),
        (503, "SlowDown", ConnectionError, errno.ECONNABORTED),
        (429, "TooManyRequests", ConnectionError, errno.ECONNABORTED),
        (404, "NoSuchBucket", FileNotFoundError, errno.ENOENT),
        (301, "PermanentRedirect", OSError, errno.EINVAL),
        (400, "EntityTooLarge", OSError, errno.EIO),
        (400, "ExpiredToken", PermissionError, errno.EACCES),
        (403, "RequestTimeTooSkewed", PermissionError, errno.EACCES),
    ],
)
def test_a_refusal_names_what_was_done_and_where(
    opens: Opens, server: S3Server, status: int, code: str, kind: type[OSError], number: int
) -> None:
    server.faults.append(Fault("PutObject", status, code, times=99, key="data/a"))
    with pytest.raises(kind) as raised:
        keep(opens(), BAG, {"data/a": b"a"})
    assert raised.value.errno == number
    assert is_transient_fault(raised.value) == (kind is ConnectionError)
    assert raised.value.filename == f"s3://bags/kept/here/{BAG}/data/a"
    assert f"PutObject was answered with {status} {code}" in str(raised.value.strerror)
    assert SECRET not in str(raised.value)


def test_a_server_that_is_not_there_is_a_fault_of_the_moment(opens: Opens) -> None:
    with pytest.raises(ConnectionError, match="endpoint_url"):
        opens(endpoint_url="http://127.0.0.1:9").exists(BAG)


def test_a_server_that_never_answers_is_a_fault_of_the_moment(
    opens: Opens, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "_ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(s3_client, "_TRIES", 1)
    server.faults.append(Fault("HeadObject", hang=True))
    with pytest.raises(TimeoutError, match="HeadObject: no answer in time"):
        opens(region="eu-central-9").exists(BAG)


def test_missing_credentials_are_told_with_how_to_mend(
    opens: Opens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PermissionError, match="set AWS_ACCESS_KEY_ID"):
        opens(region="eu-central-8").exists(BAG)
    with pytest.raises(PermissionError, match="mend `profile`"):
        opens(profile="nobody").exists(BAG)


# sweeping


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
    opens().sweep("m")
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
    assert len(opens().files(BAG)) == left


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
    import threading

    gate, running, most = threading.Event(), [], []

    def work() -> None:
        running.append(1)
        most.append(len(running))
        gate.wait(5)
        running.pop()

    flight = InFlight()
    flight.start(work)
    flight.start(work)
    threading.Timer(0.02, gate.set).start()
    flight.start(work)
    flight.wait()
    flight.close()
    assert max(most) == 2
