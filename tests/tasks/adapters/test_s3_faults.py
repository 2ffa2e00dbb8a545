"""Faults of a store and of the way to it: told, tried again, or found by reading back."""

import errno
from contextlib import suppress

import pytest

from tasks.adapters import s3_client
from tasks.kernel.retry import is_transient_fault
from tests.contracts.archive import (
    ASIDE,
    BAG,
    content,
    contents,
    put,
    stream,
)
from tests.fakes.s3_server import SECRET, Fault, S3Server
from tests.tasks.adapters.s3_scene import (
    TAGMANIFEST,
    Opens,
    alone_here,
    file_of,
    keep,
    one_server,
    opens,
    server,
    small_parts,
    whole,
)

__all__ = ["alone_here", "one_server", "opens", "server", "small_parts"]
pytestmark = pytest.mark.usefixtures("alone_here")


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
