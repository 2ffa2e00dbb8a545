"""What boto3 raises, told as an OSError: what was asked, of which object, and how to mend it.

No text of a store or of boto3 that could hold a credential is passed on.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "StorageFull"}
_BUSY = {
    "BadDigest",  # damaged on its way: another try may do
    "OperationAborted",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "XAmzContentChecksumMismatch",
    "XAmzContentSHA256Mismatch",
}
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "301", "IllegalLocation"}


@contextmanager
def telling(place: str, operation: str) -> Iterator[None]:
    """Have the block's faults tell the place (`s3://...`) and the operation.

    Raises:
        ConnectionError, TimeoutError: a fault of the moment; another try may do.
        FileNotFoundError, PermissionError, OSError: all others.
    """
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        told = _as_os_error(error, place, operation)
        if told is None:
            raise
        raise told from None


def status_of(error: BaseException) -> int:
    """HTTP status of a store's refusal; 0 for any other error."""
    status = _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status if isinstance(status, int) else 0


def code_of(error: BaseException) -> str:
    """The store's own code of its refusal, such as `NoSuchKey`; empty for any other error."""
    return str(_response(error).get("Error", {}).get("Code", ""))


def is_missing(error: BaseException) -> bool:
    """True where the store says that there is no such object."""
    return status_of(error) == 404 and code_of(error) != "NoSuchBucket"


def is_broken_body(error: BaseException) -> bool:
    """True where an answer's body stopped before its end."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError
    from urllib3.exceptions import HTTPError

    return isinstance(error, (HTTPClientError, IncompleteReadError, HTTPError, ConnectionError))


def _response(error: BaseException) -> dict[str, dict[str, object]]:
    return getattr(error, "response", None) or {}


def _as_os_error(error: Exception, place: str, operation: str) -> OSError | None:
    from botocore import exceptions as boto
    from urllib3.exceptions import HTTPError

    if isinstance(error, boto.ClientError):
        return _refusal(error, place, error.operation_name or operation)
    if isinstance(error, (boto.ConnectTimeoutError, boto.ReadTimeoutError)):
        said = f"{operation}: no answer in time; a later pass goes on"
        return TimeoutError(errno.ETIMEDOUT, said, place)
    if isinstance(error, boto.SSLError):
        said = f"{operation}: no safe connection; is the endpoint's certificate known here?"
        return ConnectionError(errno.ECONNABORTED, said, place)
    if isinstance(
        error, (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, HTTPError)
    ):
        said = f"{operation}: no connection, or it broke; is the server up, and endpoint_url right?"
        return ConnectionError(errno.ECONNABORTED, said, place)
    if isinstance(error, boto.BotoCoreError):
        return _misconfigured(error, place, operation)
    return None


def _misconfigured(error: Exception, place: str, operation: str) -> OSError:
    from botocore import exceptions as boto

    credentials = (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.TokenRetrievalError,
        boto.SSOError,
        boto.MetadataRetrievalError,
    )
    if isinstance(error, boto.ProfileNotFound):
        said = "the AWS configuration files here know no such profile; mend `profile`, or add it"
        return PermissionError(errno.EACCES, f"{operation}: {said}", place)
    if isinstance(error, credentials):
        said = (
            "no usable credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "name a `profile`"
        )
        return PermissionError(errno.EACCES, f"{operation}: {said}", place)
    if isinstance(error, boto.NoRegionError):
        return OSError(errno.EINVAL, f"{operation}: no region is known; set `region`", place)
    return OSError(errno.EIO, f"{operation}: boto3 gave up ({type(error).__name__})", place)


def _refusal(error: Exception, place: str, operation: str) -> OSError:
    status, code = status_of(error), code_of(error)
    kind: type[OSError] = OSError
    if status == 507 or code in _FULL:
        number, said = errno.ENOSPC, "; it is full: make room, or raise its quota"
    elif code == "NoSuchBucket":
        number, said = errno.ENOENT, "; there is no such bucket: make it, or mend `bucket`"
    elif code in _ELSEWHERE or status in (301, 307):
        number, said = errno.EINVAL, "; the bucket is in another region: mend `region`"
    elif status >= 500 or status == 429 or code in _BUSY:
        kind, number, said = ConnectionError, errno.EAGAIN, "; a later pass goes on"
    elif status in (401, 403):
        number = errno.EACCES
        said = "; allow it to these credentials (`emeritus doctor` tries every right)"
    elif status == 404:
        number, said = errno.ENOENT, "; it is not there"
    elif status == 412:
        number, said = errno.EIO, "; it changed meanwhile"
    else:
        number, said = errno.EIO, "; `emeritus doctor` tries what the store can do"
    what = f"{operation} was answered with {status} {code}".rstrip()
    return kind(number, what + said, place)  # OSError itself takes the subclass of its number
