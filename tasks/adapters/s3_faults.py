"""What boto3 raises, told as an OSError: what was asked, of which object, and how to mend it.

No text of a store or of boto3 that could hold a credential is passed on.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

# An OSError becomes the subclass of its number: ECONNABORTED a ConnectionError, which may be tried
# again; EACCES a PermissionError; ENOENT a FileNotFoundError.
_Meaning = tuple[int, str]
_BUSY: _Meaning = (errno.ECONNABORTED, "a later pass goes on")
_FULL: _Meaning = (errno.ENOSPC, "it is full: make room, or raise its quota")
_ELSEWHERE: _Meaning = (errno.EINVAL, "the bucket is in another region: mend `region`")
_EXPIRED: _Meaning = (errno.EACCES, "the credentials have ended: renew them")
_BY_CODE: dict[str, _Meaning] = {
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "BadDigest": _BUSY,  # damaged on its way
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidToken": _EXPIRED,
    "NoSuchBucket": (errno.ENOENT, "there is no such bucket: make it, or mend `bucket`"),
    "OperationAborted": _BUSY,
    "PermanentRedirect": _ELSEWHERE,
    "QuotaExceeded": _FULL,
    "RequestTimeTooSkewed": (errno.EACCES, "this machine's clock is wrong: set it"),
    "RequestTimeout": _BUSY,
    "XAmzContentChecksumMismatch": _BUSY,
    "XAmzContentSHA256Mismatch": _BUSY,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
}
_REFUSED: _Meaning = (
    errno.EACCES,
    "allow it to these credentials (`emeritus doctor` tries every right)",
)
_BY_STATUS: dict[int, _Meaning] = {
    301: _ELSEWHERE,
    307: _ELSEWHERE,
    401: _REFUSED,
    403: _REFUSED,
    404: (errno.ENOENT, "it is not there"),
    412: (errno.EIO, "it changed meanwhile"),
    429: _BUSY,
    507: _FULL,
}
_OTHER: _Meaning = (errno.EIO, "`emeritus doctor` tries what the store can do")


@contextmanager
def telling(place: str, operation: str) -> Iterator[None]:
    """Have the block's faults tell the place (`s3://...`) and the operation.

    Raises:
        ConnectionError, TimeoutError: a fault of the moment; another try may do.
        FileNotFoundError, PermissionError, OSError: all others.
    """
    try:
        yield
    except Exception as error:
        told = _as_os_error(error, place, operation)
        if told is None:  # told already, or no fault of the store's
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
        return OSError(errno.ETIMEDOUT, said, place)
    if isinstance(error, boto.SSLError):
        said = f"{operation}: no safe connection; is the endpoint's certificate known here?"
        return OSError(errno.ECONNABORTED, said, place)
    if isinstance(
        error, (boto.ConnectionError, boto.HTTPClientError, boto.IncompleteReadError, HTTPError)
    ):
        said = f"{operation}: no connection, or it broke; is the server up, and endpoint_url right?"
        return OSError(errno.ECONNABORTED, said, place)
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
        return OSError(errno.EACCES, f"{operation}: {said}", place)
    if isinstance(error, credentials):
        said = (
            "no usable credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
            "name a `profile`"
        )
        return OSError(errno.EACCES, f"{operation}: {said}", place)
    if isinstance(error, boto.NoRegionError):
        return OSError(errno.EINVAL, f"{operation}: no region is known; set `region`", place)
    return OSError(errno.EIO, f"{operation}: boto3 gave up ({type(error).__name__})", place)


def _refusal(error: Exception, place: str, operation: str) -> OSError:
    status, code = status_of(error), code_of(error)
    other = _BUSY if status >= 500 else _OTHER
    number, said = _BY_CODE.get(code) or _BY_STATUS.get(status, other)
    what = f"{operation} was answered with {status} {code}".rstrip()
    return OSError(number, f"{what}; {said}", place)
