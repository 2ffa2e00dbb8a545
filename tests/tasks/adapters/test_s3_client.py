"""A bucket's clients go where boto3's own would, in every region that AWS has."""

import json
from pathlib import Path

import boto3
import pytest

from configs.schema.preservation import S3Config
from tasks.adapters import s3_client
from tasks.adapters.s3_client import S3Bucket, sts_client

BOTO = boto3.Session(aws_access_key_id="nobody", aws_secret_access_key="none")
REGIONS = [
    region
    for partition in BOTO.get_available_partitions()
    for region in BOTO.get_available_regions("s3", partition)
]


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS", raising=False)


def test_every_partition_is_tried() -> None:
    assert {"eu-central-1", "cn-north-1", "us-gov-west-1"} < set(REGIONS)


@pytest.mark.parametrize("region", REGIONS)
def test_buckets_and_roles_are_asked_for_where_boto3_asks(region: str) -> None:
    config = S3Config(bucket="bags", region=region)
    for ours, service in ((S3Bucket(config).write, "s3"), (sts_client(config), "sts")):
        theirs = BOTO.client(service, region_name=region)
        assert ours.meta.endpoint_url == theirs.meta.endpoint_url
        assert ours.meta.partition == theirs.meta.partition


@pytest.mark.parametrize(
    "text", [None, "{}", '{"partitions": []}', '{"partitions": [{"regions": {}}]}']
)
def test_descriptions_of_ones_own_are_no_fault(tmp_path: Path, text: str | None) -> None:
    """`aws configure add-model` makes this folder; mostly without this file."""
    (tmp_path / ".aws" / "models").mkdir(parents=True)
    if text is not None:
        (tmp_path / ".aws" / "models" / "endpoints.json").write_text(text)
    loader = s3_client._loader.__wrapped__()
    loader.search_paths.insert(0, str(tmp_path / ".aws" / "models"))
    told = loader.load_data("endpoints")
    if text is None:
        assert set(told["partitions"][0]["services"]) == {"s3", "sts"}
    else:
        assert {**json.loads(text), "partitions": 0} == {**told, "partitions": 0}
