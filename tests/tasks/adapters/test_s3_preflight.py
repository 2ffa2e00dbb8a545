from collections.abc import Iterator
from pathlib import Path

import pytest

from configs.schema.preservation import S3Config
from tasks.adapters.s3_archive import S3Archive
from tasks.adapters.s3_preflight import preflight
from tasks.ports.checks import Check
from tests.fakes.s3_server import SECRET, Fault, S3Server, alone

ASKED: dict[str, object] = {
    "write_role_arn": "arn:aws:iam::1:role/writer",
    "read_role_arn": "arn:aws:iam::1:role/reader",
    "kms_key_id": "key-1",
    "object_lock_mode": "compliance",
    "object_lock_days": 3650,
    "versioning": True,
}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)


@pytest.fixture(scope="module")
def one_server() -> Iterator[S3Server]:
    with S3Server() as server:
        yield server


@pytest.fixture
def server(one_server: S3Server, tmp_path: Path) -> S3Server:
    """A bucket that has everything, and roles that have no more than they need."""
    one_server.begin(tmp_path / "s3")
    one_server.store.versioned = one_server.lockable = True
    one_server.denied = {("reader", "PutObject"), ("writer", "DeleteObjectVersion")}
    return one_server


def examine(server: S3Server, **more: object) -> dict[str, Check]:
    """What was tried -> what was found."""
    plain = {"bucket": "bags", "prefix": "kept", "endpoint_url": server.url}
    archive = S3Archive("a", S3Config.model_validate({**plain, **more}))
    checks = preflight(archive)
    assert all(check.name.startswith("replica a: ") for check in checks)
    assert SECRET not in str(checks)
    return {check.name.removeprefix("replica a: "): check for check in checks}


def test_a_bucket_that_has_all_that_is_asked_for_is_found_so(server: S3Server) -> None:
    found = examine(server, **ASKED)
    assert {check.state for check in found.values()} == {"ok"}
    assert list(found) == [
        "bucket", "write", "read", "checksums", "conditional create", "multipart upload",
        "versions", "Object Lock", "SSE-KMS", "read role", "deleting",
    ]  # fmt: skip


@pytest.mark.parametrize("versioned", [True, False])
def test_no_probe_is_left(server: S3Server, versioned: bool) -> None:
    server.store.versioned = versioned
    server.denied.clear()
    examine(server)
    assert not any(server.store.versions.values())
    assert not server.store.uploads


def test_what_a_lock_keeps_is_hidden(server: S3Server) -> None:
    server.denied.clear()
    assert examine(server, **ASKED)["deleting"].state == "ok"
    assert not server.store.listed()
    left = [key for key, versions in server.store.versions.items() if versions]
    assert [key.rpartition("/")[2] for key in left] == ["locked"]


@pytest.mark.parametrize(
    ("what", "lacking", "state", "said"),
    [
        ("checksums", "checksum", "warn", "only reading back"),
        ("conditional create", "if-none-match", "warn", "not honoured"),
        ("Object Lock", "lock", "fail", "retention"),
        ("SSE-KMS", "kms", "fail", "no encryption"),
    ],
)
def test_what_a_store_takes_no_notice_of_is_found_out(
    server: S3Server, what: str, lacking: str, state: str, said: str
) -> None:
    server.ignores.add(lacking)
    found = examine(server, **ASKED)
    assert found.pop(what).state == state
    assert {check.state for check in found.values()} == {"ok"}
    assert said in examine(server, **ASKED)[what].said


@pytest.mark.parametrize(("asked", "state"), [(ASKED, "fail"), ({}, "warn")])
def test_what_a_bucket_lacks_fails_only_where_it_is_asked_for(
    server: S3Server, asked: dict[str, object], state: str
) -> None:
    server.store.versioned = server.lockable = False
    found = examine(server, **asked)
    assert (found["versions"].state, found["Object Lock"].state) == (state, state)
    assert "aws s3api" in found["versions"].said


def test_what_is_not_asked_for_and_missing_is_a_warning(server: S3Server) -> None:
    found = examine(server)
    assert [what for what, check in found.items() if check.state != "ok"] == [
        "Object Lock",
        "SSE-KMS",
        "read role",
        "deleting",
    ]
    assert "fail" not in {check.state for check in found.values()}


def test_a_read_role_that_can_write_fails(server: S3Server) -> None:
    server.denied.remove(("reader", "PutObject"))
    assert examine(server, **ASKED)["read role"].state == "fail"


@pytest.mark.parametrize("operation", ["GetObject", "ListObjectsV2"])
def test_a_read_role_that_cannot_read_fails(server: S3Server, operation: str) -> None:
    server.denied.add(("reader", operation))
    found = examine(server, **ASKED)["read"]
    assert found.state == "fail"
    assert operation in found.said


def test_a_write_role_that_can_delete_for_good_is_a_warning(server: S3Server) -> None:
    server.denied.clear()
    assert examine(server, versioning=True)["deleting"].state == "warn"
    server.store.versioned = False
    assert examine(server)["deleting"].state == "warn"


def test_probes_that_may_not_be_removed_are_told(server: S3Server) -> None:
    server.store.versioned = server.lockable = False
    server.denied = {("base", "DeleteObject"), ("base", "DeleteObjects")}
    found = examine(server)
    assert found["deleting"].state == "ok"
    assert found["clean-up"].state == "warn"
    for key in server.store.listed():
        assert f"s3://bags/{key}" in found["clean-up"].said


@pytest.mark.parametrize(
    ("operation", "status", "last", "said"),
    [
        ("HeadBucket", 404, "bucket", "HeadBucket was answered with 404"),
        ("HeadBucket", 403, "bucket", "HeadBucket was answered with 403"),
        ("PutObject", 403, "write", "PutObject was answered with 403"),
        ("PutObject", 507, "write", "full"),
    ],
)
def test_what_can_be_neither_reached_nor_written_ends_the_examination(
    server: S3Server, operation: str, status: int, last: str, said: str
) -> None:
    server.faults.append(Fault(operation, status, times=9))
    found = examine(server)
    assert list(found)[-1] == last
    assert found[last].state == "fail"
    assert said in found[last].said


@pytest.mark.parametrize("operation", ["CreateMultipartUpload", "ListParts"])
def test_a_store_without_uploads_in_parts_fails(server: S3Server, operation: str) -> None:
    server.faults.append(Fault(operation, 501, "NotImplemented"))
    found = examine(server)["multipart upload"]
    assert found.state == "fail"
    assert operation in found.said
    assert not server.store.uploads


def test_a_bucket_may_be_examined_before_a_replica_stands_for_it(server: S3Server) -> None:
    checks = preflight(S3Config(bucket="bags", endpoint_url=server.url))
    assert checks[0].name == "bucket bags: bucket"
    assert checks[0].state == "ok"
