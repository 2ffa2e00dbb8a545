"""A bucket as it is configured: clients for writing and reading, keys, protection of objects."""

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from configs.schema.preservation import S3Config
from tasks.adapters.s3_faults import telling

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client

_TRIES = 6  # of one request, with growing pauses between them
_USED = frozenset({"s3", "sts"})
_CONNECT_SECONDS, _ANSWER_SECONDS = 10, 60


def utc_now() -> datetime:
    """The system's clock."""
    return datetime.now(UTC)


class S3Bucket:
    """One configured bucket. Its clients are made on first use; threads may share them."""

    def __init__(self, config: S3Config, now: Callable[[], datetime] = utc_now) -> None:
        self.config = config
        self.conditional = True  # until the store proves that it knows no conditional create
        self.now = now
        self._clients: dict[str, S3Client] = {}
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The bucket's name."""
        return self.config.bucket

    @property
    def write(self) -> "S3Client":
        """For everything that changes the bucket. Raises OSError without credentials."""
        return self._client(self.config.write_role_arn)

    @property
    def read(self) -> "S3Client":
        """For reading back. Raises OSError without credentials."""
        return self._client(self.config.read_role_arn)

    def key(self, *parts: str) -> str:
        """An object's key: the parts below the configured prefix."""
        return "/".join(part for part in (self.config.prefix, *parts) if part)

    def place(self, key: str) -> str:
        """Where a person finds an object: `s3://bucket/key`."""
        return f"s3://{self.name}/{key}"

    def url(self, key: str) -> str:
        """The same as a URL (RFC 3986)."""
        return f"s3://{self.name}/{quote(key, safe='/')}"

    def telling(self, operation: str, key: str = "") -> AbstractContextManager[None]:
        """Have the block's faults tell what was done, and where. Raises OSError only."""
        return telling(self.place(key), operation)

    def protection(self) -> dict[str, Any]:
        """What a new object is asked to be protected with: arguments of PutObject and the like."""
        asked: dict[str, Any] = {}
        if self.config.kms_key_id:
            asked["ServerSideEncryption"] = "aws:kms"
            asked["SSEKMSKeyId"] = self.config.kms_key_id
        if self.config.object_lock_mode != "off":
            until = self.now() + timedelta(days=self.config.object_lock_days)
            asked["ObjectLockMode"] = self.config.object_lock_mode.upper()
            asked["ObjectLockRetainUntilDate"] = until.astimezone(UTC)
        return asked

    def _client(self, role: str) -> "S3Client":
        with self._lock:
            if role not in self._clients:
                with self.telling("signing in"):
                    self._clients[role] = _open(self.config, role)
            return self._clients[role]


def _open(config: S3Config, role: str) -> "S3Client":
    import boto3
    import botocore.session

    session = botocore.session.Session(profile=config.profile or None)
    session.register_component("data_loader", _loader())
    if role:
        session.register_component("credential_provider", _taking(config, role))
    return boto3.Session(botocore_session=session).client(
        "s3",
        endpoint_url=config.endpoint_url or None,
        region_name=config.region or None,
        config=_behaviour(),
    )


@cache
def _loader() -> Any:
    """Reads the descriptions of AWS's services, once: they take a tenth of a second.

    Of the endpoints of 400 services those of two are kept, which saves 6 MiB.
    """
    from botocore.loaders import JSONFileLoader, create_loader

    class Ours(JSONFileLoader):
        def load_file(self, file_path: str) -> Any:
            told = super().load_file(file_path)  # None where there is no such file
            if Path(file_path).name == "endpoints" and isinstance(told, dict):
                for partition in told.get("partitions", ()):
                    listed = partition.get("services", {})
                    partition["services"] = {name: listed[name] for name in _USED & listed.keys()}
            return told

    loader = create_loader()
    loader.file_loader = Ours()
    return loader


def _behaviour() -> "Config":
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_ANSWER_SECONDS,
        tcp_keepalive=True,
        # we send digests of our own, and many stores refuse the checksums that boto3 would append
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _taking(config: S3Config, role: str) -> Any:
    """Credentials of a role, taken when first used, and again before they end."""
    from botocore import credentials as boto

    class TakenRole(boto.CredentialProvider):
        METHOD = "assume-role"

        def load(self) -> Any:
            asked = {"RoleArn": role, "RoleSessionName": "emeritus"}

            def take() -> Any:
                return boto.create_assume_role_refresher(sts_client(config), asked)()

            return boto.DeferredRefreshableCredentials(refresh_using=take, method=self.METHOD)

    return boto.CredentialResolver([TakenRole()])


def sts_client(config: S3Config) -> Any:
    """Where roles are taken: AWS's own service, or for another S3 the same endpoint."""
    import boto3
    import botocore.session

    session = botocore.session.Session(profile=config.profile or None)
    session.register_component("data_loader", _loader())
    host = urlsplit(config.endpoint_url).hostname or ""
    amazon = not host or host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    elsewhere = None if amazon or "AWS_ENDPOINT_URL_STS" in os.environ else config.endpoint_url
    region = config.region or session.get_config_variable("region") or "us-east-1"
    return boto3.Session(botocore_session=session).client(
        "sts", endpoint_url=elsewhere, region_name=region, config=_behaviour()
    )
