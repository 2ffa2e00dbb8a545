"""What a bucket was set up to do: versions and Object Lock."""

from tasks.adapters.s3_client import S3Bucket
from tasks.adapters.s3_faults import code_of, status_of
from tasks.kernel.errors import ArchiveUnusable

# not found: never configured; the others: the store does not know the question
_UNKNOWN = (400, 404, 405, 501)


def keeps_versions(bucket: S3Bucket) -> bool:
    """Whether the bucket keeps versions. Raises OSError."""
    with bucket.telling("GetBucketVersioning"):
        try:
            answer = bucket.write.get_bucket_versioning(Bucket=bucket.name)
        except Exception as error:
            if status_of(error) in (400, 405, 501):
                return False
            raise
    return answer.get("Status") == "Enabled"


def has_object_lock(bucket: S3Bucket) -> bool:
    """Whether the bucket has Object Lock. Raises OSError."""
    with bucket.telling("GetObjectLockConfiguration"):
        try:
            answer = bucket.write.get_object_lock_configuration(Bucket=bucket.name)
        except Exception as error:
            if code_of(error) != "NoSuchBucket" and status_of(error) in _UNKNOWN:
                return False
            raise
    return answer["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled"


def expect_features(name: str, bucket: S3Bucket) -> None:
    """Refuse a bucket that lacks what its configuration asks for.

    Raises:
        ArchiveUnusable: it lacks it.
        OSError: it can't be asked.
    """
    place = f"replica {name}: bucket {bucket.name}"
    if bucket.config.versioning and not keeps_versions(bucket):
        raise ArchiveUnusable(f"{place} {NO_VERSIONS}, or set versioning to false")
    if bucket.config.object_lock_mode != "off" and not has_object_lock(bucket):
        raise ArchiveUnusable(f"{place} {NO_LOCK}, or set object_lock_mode to off")


NO_VERSIONS = (
    "keeps no versions; enable them (`aws s3api put-bucket-versioning --versioning-configuration "
    "Status=Enabled --bucket ...`)"
)
NO_LOCK = (
    "has no Object Lock; enable it (`aws s3api put-object-lock-configuration "
    "--object-lock-configuration ObjectLockEnabled=Enabled --bucket ...`; some stores only allow "
    "it when a bucket is made)"
)
