"""Values that are worked out once within a block: what many models share, when all are looked at.

Within `keeping` a value is made at its first use and then kept; outside of it, it is made each
time. So only whoever looks at many models, and knows that nothing changes meanwhile, keeps any.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar, cast

_Value = TypeVar("_Value")
_kept: ContextVar[dict[Hashable, object] | None] = ContextVar("kept", default=None)


@contextmanager
def keeping() -> Iterator[None]:
    """Keep what `once` makes until the block ends."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(key: tuple[Hashable, ...], make: Callable[[], _Value]) -> _Value:
    """The value that was kept under a key, or a new one.

    Args:
        key: whatever the value follows from; its first part names who asks. Empty: never kept.
        make: makes the value.
    """
    kept = _kept.get()
    if kept is None or not key:
        return make()
    if key not in kept:
        kept[key] = make()
    return cast(_Value, kept[key])
