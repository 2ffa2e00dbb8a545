"""Files that go up in parts: whole, resumed, created once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.adapters import s3_in_flight, s3_parts, s3_writer
from tasks.adapters.s3_archive import S3Archive
from tasks.kernel.retry import is_transient_fault
from tests.contracts.archive import (
    BAG,
    content,
    contents,
    put,
    stream,
)
from tests.fakes.s3_server import Fault, S3Server
from tests.fakes.s3_store import Stored, Upload
from tests.tasks.adapters.s3_scene import (
    PART,
    Opens,
    alone_here,
    file_of,
    leave,
    one_server,
    opens,
    server,
    small_parts,
    whole,
)

__all__ = ["alone_here", "one_server", "opens", "server", "small_parts"]
pytestmark = pytest.mark.usefixtures("alone_here")


# a file in parts


@given(st.integers(0, 60 << 40))
def test_parts_are_few_and_large_enough(size: int) -> None:
    part = s3_parts.part_size(size)
    assert part >= 5 << 20
    assert part % (1 << 20) == 0
    assert part * 10_000 >= size
    assert part == 5 << 20 or (part - (1 << 20)) * 10_000 < size


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


@pytest.mark.parametrize("then", [PART // 2, PART * 2])
def test_an_upload_with_parts_of_another_size_is_begun_anew(
    opens: Opens, server: S3Server, monkeypatch: pytest.MonkeyPatch, then: int
) -> None:
    data = file_of(9.5)
    monkeypatch.setattr(s3_writer, "part_size", lambda size: PART)
    leave(opens(), BAG, "data/f", data[: 8 * PART], len(data))
    server.calls.clear()
    monkeypatch.setattr(s3_writer, "part_size", lambda size: then)
    whole(opens(), BAG, "data/f", data)
    assert server.count("CreateMultipartUpload") == 0
    assert server.count("UploadPart") == -(-len(data) // then)
    assert content(opens(), BAG, "data/f") == data
    assert not server.store.uploads


def test_a_whole_object_of_as_many_parts_of_another_size_is_left_as_it_is(
    opens: Opens, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its checksum is another one, of the same form, and it is read before anything is dropped."""
    data = file_of(1.8)
    for size in (PART * 3 // 2, PART):
        monkeypatch.setattr(s3_writer, "part_size", lambda _, size=size: size)
        whole_file(opens(), data)
        assert server.count("CompleteMultipartUpload") == 1
        assert content(opens(), BAG, "data/f") == data
    other = file_of(1.8, seed=1)
    with pytest.raises(ConnectionError, match="other bytes there"):
        whole_file(opens(), other)


OTHER_SUM = "b3RoZXI="


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("told", ["{own}", "{own}-3", "{other}", "{other}-7"])
def test_a_checksum_of_any_form_is_no_reason_to_refuse_what_is_whole(
    opens: Opens, server: S3Server, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(server, monkeypatch, told)
    for _ in range(2):  # made, and found made
        whole_file(opens(), file_of(3))
    assert server.count("CompleteMultipartUpload") == 1
    read = server.count("GetObject")
    assert read == (0 if "own" in told else 2), "what can't be compared is read"
    assert content(opens(), BAG, "data/f") == file_of(3)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("told", ["{other}-3", "{other}", "{other}-2"])
def test_a_checksum_of_any_form_tells_of_damage(
    opens: Opens, server: S3Server, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(server, monkeypatch, told, damage=True)
    with pytest.raises(ConnectionError, match="checksum is not ours"):
        whole_file(opens(), file_of(3))


@pytest.mark.usefixtures("small_parts")
def test_a_checksum_of_all_bytes_is_left_to_read_back(
    opens: Opens, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(server, monkeypatch, "{other}")
    server.checksum_type = "FULL_OBJECT"
    whole_file(opens(), file_of(3))
    assert server.count("CompleteMultipartUpload") == 1
    assert server.count("GetObject") == 0


def says(
    server: S3Server, monkeypatch: pytest.MonkeyPatch, told: str, *, damage: bool = False
) -> None:
    """Have the store tell this of a joined object; damaged, it is another one of that size."""
    join = server.store.join

    def joined(upload: Upload, numbers: list[int]) -> Stored:
        stored = join(upload, numbers)
        own = stored.checksum.partition("-")[0]
        stored.checksum = told.format(own=own, other=OTHER_SUM)
        if damage and stored.file is not None:
            stored.file.write_bytes(bytes(stored.size))
        return stored

    monkeypatch.setattr(server.store, "join", joined)


def whole_file(archive: S3Archive, data: bytes) -> None:
    with archive.writer(BAG) as writer:
        stream(writer, "data/f", data)


@pytest.mark.usefixtures("small_parts")
def test_the_newest_upload_is_taken_up_and_the_others_are_dropped(
    opens: Opens, server: S3Server
) -> None:
    data, client = file_of(4), opens().bucket.write
    leave(opens(), BAG, "data/f", data[: 2 * PART], len(data))
    for name in ("data/f", "data/f.other"):
        client.create_multipart_upload(Bucket="bags", Key=f"kept/here/{BAG}/{name}")
    server.calls.clear()
    whole(opens(), BAG, "data/f", data)
    assert server.count("CreateMultipartUpload") == 0
    assert server.count("UploadPart") == 4  # the newest had none
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
    monkeypatch.setattr(s3_in_flight, "BUDGET", PART)
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
