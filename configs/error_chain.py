"""An error, and all that stands behind it or is grouped in it."""

from collections.abc import Iterator


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """The error, its causes and contexts, and what a group of them holds; each once."""
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        left += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            left += one.exceptions
