"""The roles may do just what our adapters do, and nothing that takes a copy away."""

import fnmatch
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from configs.home import CHECKOUT
from configs.schema.essay_targets import S3SiteConfig
from configs.schema.preservation import S3Config
from tasks.adapters import s3_objects, s3_writer
from tasks.adapters.s3_archive import S3Archive
from tasks.adapters.s3_preflight import preflight
from tasks.adapters.s3_publisher import S3Publisher
from tests.contracts.archive import ASIDE, BAG, OLD, content, put, stream
from tests.fakes.s3_server import S3Server, alone

POLICIES = CHECKOUT / "deployments" / "s3"
PART = 4096
#: AWS's service authorization reference: what each request of ours needs.
NEEDS = {
    "AbortMultipartUpload": {"s3:AbortMultipartUpload"},
    "CompleteMultipartUpload": {"s3:PutObject"},
    "CopyObject": {"s3:GetObject", "s3:PutObject"},
    "CreateMultipartUpload": {"s3:PutObject"},
    "DeleteObject": {"s3:DeleteObject"},
    "DeleteObjects": {"s3:DeleteObject"},
    "DeleteObjectVersion": {"s3:DeleteObjectVersion"},
    "GetBucketVersioning": {"s3:GetBucketVersioning"},
    "GetObject": {"s3:GetObject"},
    "GetObjectLockConfiguration": {"s3:GetBucketObjectLockConfiguration"},
    "HeadBucket": {"s3:ListBucket"},
    "HeadObject": {"s3:GetObject", "s3:ListBucket"},  # without the second, 403 instead of 404
    "ListMultipartUploads": {"s3:ListBucketMultipartUploads"},
    "ListObjectVersions": {"s3:ListBucketVersions"},
    "ListObjectsV2": {"s3:ListBucket"},
    "ListParts": {"s3:ListMultipartUploadParts"},
    "PutObject": {"s3:PutObject"},
    "UploadPart": {"s3:PutObject"},
    "UploadPartCopy": {"s3:GetObject", "s3:PutObject"},
}
LOCKED = {"s3:GetObjectRetention", "s3:PutObjectRetention"}  # headers of the same requests
ENCRYPTED = {"kms:Decrypt", "kms:GenerateDataKey"}
DELETES = {"DeleteObject", "DeleteObjects", "DeleteObjectVersion"}


def policy(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((POLICIES / f"{name}.json").read_text())["Statement"]
    return found


def actions(name: str, effect: str) -> set[str]:
    """All that a policy allows, or denies, with its patterns as they stand."""
    named = [one["Action"] for one in policy(name) if one["Effect"] == effect]
    return {a for one in named for a in ([one] if isinstance(one, str) else one)}


def may(name: str, action: str) -> bool:
    denied = any(fnmatch.fnmatchcase(action, pattern) for pattern in actions(name, "Deny"))
    allowed = any(fnmatch.fnmatchcase(action, pattern) for pattern in actions(name, "Allow"))
    return allowed and not denied


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """A bucket in which the roles may do what their policies say, request by request."""
    alone(monkeypatch)
    monkeypatch.setattr(s3_writer, "part_size", lambda size: PART)
    monkeypatch.setattr(s3_objects, "COPY_WHOLE", 3 * PART)
    monkeypatch.setattr(s3_objects, "COPY_PART", 2 * PART)
    with S3Server() as server:
        server.begin(tmp_path / "s3")
        server.store.versioned = server.lockable = True
        server.denied = {
            (role, operation)
            for role in ("writer", "reader")
            for operation, needed in NEEDS.items()
            if not all(may(role, action) for action in needed)
        }
        yield server


def live(server: S3Server) -> None:
    """Everything that preservation asks of a bucket, from `doctor` to a repair."""
    asked: dict[str, object] = {
        "bucket": "bags", "prefix": "emeritus", "endpoint_url": server.url,
        "write_role_arn": "arn:aws:iam::1:role/writer",
        "read_role_arn": "arn:aws:iam::1:role/reader",
        "kms_key_id": "key-1", "versioning": True,
        "object_lock_mode": "governance", "object_lock_days": 30,
    }  # fmt: skip
    archive = S3Archive("a", S3Config.model_validate(asked))
    odd = [check.name for check in preflight(archive) if check.state != "ok"]
    assert odd == ["replica a: clean-up"]  # a rule of the bucket removes the probes
    with archive.writer(OLD) as writer:  # a pass that is killed
        stream(writer, "data/large", bytes(3 * PART))
        put(writer, "data/small", b"one")
        writer.open_file("data/cut", 4 * PART).write(memoryview(bytearray(2 * PART)))
    archive.sweep("m", keep=BAG)  # what may not be deleted stays, and stops nothing
    with archive.writer(BAG) as writer:  # and one that is not
        stream(writer, "data/large", bytes(4 * PART))
        put(writer, "data/small", b"one")
        put(writer, "tagmanifest-sha256.txt", b"sums")
        writer.commit()
    assert archive.exists(BAG)
    for path in archive.files(BAG):
        assert content(archive, BAG, path)
    assert archive.stamp(BAG)
    for path in ("data/small", "data/large"):  # a repair keeps what was damaged
        archive.replace(BAG, path, [b"two"], ASIDE)
        assert content(archive, BAG, path) == b"two"


def done_by(server: S3Server, role: str, *, refused: bool = False) -> set[str]:
    return {
        call.operation
        for call in server.calls
        if call.caller.startswith(role) and (call.status == 403) == refused
    }


def test_the_writer_may_do_what_we_do_and_not_more(server: S3Server) -> None:
    live(server)
    done = done_by(server, "writer")
    needed = {action for operation in done for action in NEEDS[operation]}
    assert actions("writer", "Allow") == needed | LOCKED | ENCRYPTED
    assert {"UploadPartCopy", "CopyObject", "CompleteMultipartUpload", "ListParts"} <= done


def test_the_writer_can_delete_nothing_and_a_pass_goes_on(server: S3Server) -> None:
    live(server)
    assert done_by(server, "writer", refused=True) <= DELETES
    assert done_by(server, "writer", refused=True)
    for action in ("DeleteObject", "DeleteObjectVersion", "BypassGovernanceRetention"):
        assert f"s3:{action}" in actions("writer", "Deny")


def test_the_reader_reads_and_nothing_else(server: S3Server) -> None:
    live(server)
    needed = {action for op in done_by(server, "reader") for action in NEEDS[op]}
    assert actions("reader", "Allow") == needed | {"kms:Decrypt"}
    assert done_by(server, "reader", refused=True) == {"PutObject"}  # `doctor` tries that


def test_the_sites_publisher_may_do_what_we_do(server: S3Server) -> None:
    site = S3Publisher(S3SiteConfig(bucket="bags", endpoint_url=server.url))
    site.publish({"index.html": b"one", "essays/m-1.md": b"words"})
    site.publish({"index.html": b"two"})
    site.read("index.html")
    site.remove(["index.html"])
    needed = {a for op in {call.operation for call in server.calls} for a in NEEDS[op]}
    assert actions("site-publisher", "Allow") == needed


def test_a_rule_removes_the_probes_that_the_writer_may_not(server: S3Server) -> None:
    live(server)
    rules = json.loads((POLICIES / "lifecycle.json").read_text())["Rules"]
    (expired,) = [one["Filter"]["Prefix"] for one in rules if "Expiration" in one]
    bags = {key for key in server.store.listed() if not key.startswith(expired)}
    assert bags < set(server.store.listed())
    assert not [key for key in bags if "preflight" in key]


@pytest.mark.parametrize("name", ["writer", "reader", "site-publisher"])
def test_a_role_names_its_bucket_and_no_pattern_of_actions(name: str) -> None:
    for one in policy(name):
        resources = one["Resource"]
        for resource in [resources] if isinstance(resources, str) else resources:
            assert resource.startswith(("arn:aws:s3:::example-", "arn:aws:kms:"))
    assert not [a for a in actions(name, "Allow") if "*" in a]


def test_the_bucket_refuses_plain_connections_and_foreign_keys() -> None:
    found = {one["Sid"]: one for one in policy("bucket-policy")}
    assert {one["Effect"] for one in found.values()} == {"Deny"}
    assert found["RequireTls"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    named = found["RequireKmsWhereEncryptionIsNamed"]["Condition"]["StringNotEqualsIfExists"]
    assert named == {"s3:x-amz-server-side-encryption": "aws:kms"}
    assert "s3:BypassGovernanceRetention" in found["OnlyTheCustodianDeletesForGood"]["Action"]
