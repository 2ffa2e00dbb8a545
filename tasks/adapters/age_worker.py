"""Encrypts pieces in a process of its own: a program, and what speaks to it.

pyrage never leaves Python's lock, so in one process only one piece is encrypted at a time, and
whatever else Python does must wait for it. A worker shares memory with the program that started it;
only places in that memory go through the pipe. It is run by its file's path and imports no other
module of ours, so that it is up in a few hundredths of a second and small.
"""

import errno
import hashlib
import mmap
import signal
import struct
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pyrage

_WORK = struct.Struct("<QQQQ")  # start and end of the piece, start and end of the room for it
_DONE = struct.Struct("<Q32s")  # bytes of ciphertext, and their SHA-256


def encrypt_into(plain: memoryview, room: memoryview, keys: Sequence[Any]) -> memoryview:
    """Encrypt into memory that is there already. Returns the part of `room` that was filled.

    `pyrage.encrypt` fills fresh memory for each piece, which takes twice as long.

    Raises:
        BufferError: the room is too small.
    """
    writer = _Writer(room)
    pyrage.encrypt_io(Reader(plain), writer, keys)
    if writer.size > len(room):  # what a writer raises, pyrage may keep to itself
        raise BufferError("the room for a piece's ciphertext is too small")
    return room[: writer.size]


class Reader:
    """What pyrage reads from: memory, without a copy of the whole."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._read = 0

    def read(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        start, self._read = self._read, self._read + size
        return self._memory[start : self._read].tobytes()


class _Writer:
    """What pyrage writes to: memory that is there already. What does not fit is only counted."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self.size = 0

    def write(self, data: bytes) -> int:
        start, self.size = self.size, self.size + len(data)
        if self.size <= len(self._memory):
            self._memory[start : self.size] = data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""


class AgeWorker:
    """One worker process.

    Args:
        recipients: age public keys.
        handle: descriptor of the shared memory.
    """

    def __init__(self, recipients: Sequence[str], handle: int) -> None:
        # of its own session: what a terminal sends to stop a program must reach it first, and the
        # worker ends with it
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(handle), *recipients],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(handle,),
            start_new_session=True,
        )

    def encrypt(self, plain: slice, room: slice) -> tuple[int, str]:
        """See `ports.cipher.Crew`.

        Raises:
            ChildProcessError: the worker ended.
        """
        pipe, answers = self._process.stdin, self._process.stdout
        assert pipe is not None, "asked for above"
        assert answers is not None, "asked for above"
        try:
            pipe.write(_WORK.pack(plain.start, plain.stop, room.start, room.stop))
            pipe.flush()
            answer = answers.read(_DONE.size)
        except BrokenPipeError:
            answer = b""
        if len(answer) < _DONE.size:
            raise ChildProcessError(
                errno.ECHILD,
                f"a process that encrypts ended early (status {self._process.wait()}); was it "
                "stopped, or memory short? start again, what was written is kept",
            )
        size, digest = _DONE.unpack(answer)
        return size, digest.hex()

    def close(self) -> None:
        """End the process; nothing is under way."""
        self._process.communicate()


def _main(handle: int, recipients: Sequence[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # whoever asked was killed: nobody is left to answer, or to read why not
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    keys = [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    memory = memoryview(mmap.mmap(handle, 0))
    while len(work := sys.stdin.buffer.read(_WORK.size)) == _WORK.size:
        start, end, to, limit = _WORK.unpack(work)
        sealed = encrypt_into(memory[start:end], memory[to:limit], keys)
        sys.stdout.buffer.write(_DONE.pack(len(sealed), hashlib.sha256(sealed).digest()))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])
