"""Memory that begins where a huge page does, whether the system has them or not."""

import ctypes
import mmap

import pytest

from tasks.kernel.huge_pages import HUGE, mapped


class Refusing(mmap.mmap):
    def madvise(self, *_: int) -> None:
        raise OSError(22, "Invalid argument")


@pytest.mark.parametrize("kind", [mmap.mmap, Refusing])
@pytest.mark.parametrize("pages", [1, 4])
def test_it_is_as_long_as_asked_begins_with_a_huge_page_and_can_be_written(
    monkeypatch: pytest.MonkeyPatch, kind: type[mmap.mmap], pages: int
) -> None:
    monkeypatch.setattr(mmap, "mmap", kind)
    memory = mapped(pages * HUGE)
    assert len(memory) == pages * HUGE
    assert ctypes.addressof(ctypes.c_char.from_buffer(memory)) % HUGE == 0
    memory[:1], memory[-1:] = b"a", b"z"
    assert (bytes(memory[:1]), bytes(memory[-1:])) == (b"a", b"z")
