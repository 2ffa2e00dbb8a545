"""The bucket as moto plays it: a second judge, by other people, beside our own fake."""

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer

from configs.schema.essay_targets import S3SiteConfig
from configs.schema.preservation import S3Config
from tasks.adapters import s3_writer
from tasks.adapters.s3_archive import S3Archive
from tasks.adapters.s3_preflight import preflight
from tasks.adapters.s3_publisher import S3Publisher
from tasks.kernel.errors import PublicationRefused
from tests.contracts.archive import ASIDE, BAG, LONGER_ID, ODD_NAMES, OLD, content, contents, put
from tests.contracts.publisher import ESSAY, SITE
from tests.fakes.s3_server import alone

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.xdist_group("s3")
TAGS = "tagmanifest-sha256.txt"
PART = 5 << 20  # the least that S3 takes


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)


@pytest.fixture
def config(moto: str) -> S3Config:
    return S3Config(bucket=f"b-{secrets.token_hex(6)}", prefix="p", endpoint_url=moto)


@pytest.fixture
def client(config: S3Config) -> "S3Client":
    """Of a bucket that is there."""
    client = S3Archive("admin", config).bucket.write
    client.create_bucket(Bucket=config.bucket)
    return client


def keep(archive: S3Archive, bag: str, files: dict[str, bytes]) -> None:
    with archive.writer(bag) as writer:
        for path, data in files.items():
            put(writer, path, data)
        put(writer, TAGS, b"t")
        writer.commit()


@pytest.mark.usefixtures("client")
def test_a_bag_is_written_read_mended_and_outlives_a_sweep(config: S3Config) -> None:
    archive, files = S3Archive("a", config), dict.fromkeys(ODD_NAMES, b"odd")
    keep(archive, OLD, files)
    for bag in (BAG, LONGER_ID):
        with archive.writer(bag) as writer:
            put(writer, "data/left", b"by a dead pass")
            assert writer.link("data/x", OLD, ODD_NAMES[0]).endswith("/data/a%20b")
    archive.sweep("m")
    assert contents(archive, OLD) == {**files, TAGS: b"t"}
    assert list(archive.files(LONGER_ID)) == ["data/left"]
    with pytest.raises(FileNotFoundError):
        archive.files(BAG)
    seen = archive.stamp(OLD)
    for path in ODD_NAMES:
        archive.replace(OLD, path, [b"so", b"und"], ASIDE)
        archive.set_aside(OLD, path, f"{ASIDE}.foreign")
    assert contents(archive, ASIDE) == files
    assert contents(archive, f"{ASIDE}.foreign") == dict.fromkeys(ODD_NAMES, b"sound")
    assert list(archive.files(OLD)) == [TAGS]
    assert archive.stamp(OLD) != seen


def test_a_large_file_is_taken_up_where_a_dead_pass_left_it(
    config: S3Config, client: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_writer, "part_size", lambda size: PART)
    data = b"1" * PART + b"2" * PART + b"3" * 1000
    with S3Archive("a", config).writer(BAG) as writer:
        writer.open_file("data/f", len(data)).write(data[: PART + 1000])
    uploads = client.list_multipart_uploads(Bucket=config.bucket)["Uploads"]
    key, upload = uploads[0]["Key"], uploads[0]["UploadId"]
    parts = client.list_parts(Bucket=config.bucket, Key=key, UploadId=upload)["Parts"]
    assert [part["PartNumber"] for part in parts] == [1]
    with S3Archive("a", config).writer(BAG) as writer:
        file = writer.open_file("data/f", len(data))
        file.write(data)
        file.close()
        put(writer, TAGS, b"t")
        writer.commit()
    assert content(S3Archive("a", config), BAG, "data/f") == data
    assert "Uploads" not in client.list_multipart_uploads(Bucket=config.bucket)
    kept = client.list_object_versions(Bucket=config.bucket, Prefix=key)["Versions"]
    assert kept[0]["ETag"].strip('"').endswith("-3")


def test_an_object_is_created_once(config: S3Config, client: "S3Client") -> None:
    client.put_bucket_versioning(
        Bucket=config.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    for data in (b"left", b"left", b"mine"):
        with S3Archive("a", config).writer(BAG) as writer:
            put(writer, "data/a", data)
    assert content(S3Archive("a", config), BAG, "data/a") == b"mine"
    assert len(client.list_object_versions(Bucket=config.bucket)["Versions"]) == 2


def test_roles_are_taken(config: S3Config, moto: str) -> None:
    S3Archive("admin", config).bucket.write.create_bucket(Bucket=config.bucket)
    roles = {f"{work}_role_arn": f"arn:aws:iam::123456789012:role/{work}er"
             for work in ("write", "read")}  # fmt: skip
    archive = S3Archive("a", config.model_copy(update=roles))
    keep(archive, BAG, {"data/a": b"a"})
    assert content(archive, BAG, "data/a") == b"a"
    keys = [
        client._request_signer._credentials.access_key  # type: ignore[attr-defined]
        for client in (archive.bucket.write, archive.bucket.read)
    ]
    assert all(key.startswith("ASIA") for key in keys)
    assert keys[0] != keys[1]


def test_object_lock_keeps_a_bag(config: S3Config) -> None:
    client = S3Archive("admin", config).bucket.write
    client.create_bucket(Bucket=config.bucket, ObjectLockEnabledForBucket=True)
    locked = config.model_copy(
        update={"object_lock_mode": "compliance", "object_lock_days": 400, "versioning": True}
    )
    until = datetime(2030, 1, 1, tzinfo=UTC)
    archive = S3Archive("a", locked, now=lambda: until)
    keep(archive, BAG, {"data/a": b"a"})
    for path in ("data/a", TAGS):
        kept = client.head_object(Bucket=config.bucket, Key=f"p/{BAG}/{path}")
        assert kept["ObjectLockMode"] == "COMPLIANCE"
        assert kept["ObjectLockRetainUntilDate"].date().isoformat() == "2031-02-05"
    assert {check.name.partition(": ")[2]: check.state for check in preflight(archive)}[
        "Object Lock"
    ] == "ok"
    with archive.writer(OLD) as writer:
        put(writer, "data/a", b"never committed")
    archive.sweep("m")
    assert contents(archive, BAG) == {"data/a": b"a", TAGS: b"t"}


def test_what_moto_lacks_is_found_out(config: S3Config, client: "S3Client") -> None:
    found = {check.name.partition(": ")[2]: check for check in preflight(config)}
    assert {what for what, check in found.items() if check.state == "ok"} == {
        "bucket", "write", "read", "conditional create", "multipart upload",
    }  # fmt: skip
    assert "fail" not in {check.state for check in found.values()}
    assert "Contents" not in client.list_objects_v2(Bucket=config.bucket)


def test_a_site_is_published(config: S3Config, client: "S3Client") -> None:
    place = S3SiteConfig(bucket=config.bucket, prefix="p", endpoint_url=config.endpoint_url)
    assert S3Publisher(place).publish(SITE) == tuple(SITE)
    assert S3Publisher(place).publish(SITE) == ()
    told = client.head_object(Bucket=config.bucket, Key=f"p/{ESSAY}", ChecksumMode="ENABLED")
    assert told["ContentType"] == "text/markdown; charset=utf-8"
    assert told["CacheControl"] == "public, max-age=86400"
    assert told["ChecksumSHA256"]
    client.put_object(Bucket=config.bucket, Key=f"p/{ESSAY}", Body=b"theirs")
    with pytest.raises(PublicationRefused):
        S3Publisher(place).publish(SITE)
    assert S3Publisher(place).read(ESSAY) == b"theirs"
    assert S3Publisher(place).remove([ESSAY]) == (ESSAY,)
    assert S3Publisher(place).listing() == tuple(sorted(SITE.keys() - {ESSAY}))


def test_an_essay_is_created_once(
    config: S3Config, client: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    place = S3SiteConfig(bucket=config.bucket, endpoint_url=config.endpoint_url)
    client.put_object(Bucket=config.bucket, Key=ESSAY, Body=b"theirs")
    monkeypatch.setattr(S3Publisher, "_seen", lambda *_: {})  # it came after the look
    with pytest.raises(PublicationRefused):
        S3Publisher(place).publish(SITE)
    assert client.get_object(Bucket=config.bucket, Key=ESSAY)["Body"].read() == b"theirs"
