"""When what was read counts as held: after every archive made it durable."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from tasks.preservation.journal import Journal, KeptFile
from tasks.preservation.lanes import Lanes
from tasks.preservation.payload import PayloadFile
from tasks.preservation.sealing import Outlet, PieceResult, Sealer

CHECKPOINT = 64 << 20  # bytes of source between two entries of the journal
_LOOK_SECONDS = 0.2


@dataclass(slots=True)
class _Checkpoint:
    """Pieces and files that go into the journal together."""

    coming: int  # lanes that still have pieces before it
    left: int  # archives that have not made it durable yet
    pieces: list[PieceResult] = field(default_factory=list)
    files: list[tuple[str, Callable[[], PayloadFile]]] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)


class CheckpointLog:
    """Collects what was read, has the archives make it durable, and then tells the journal.

    A checkpoint passes through the lanes behind the pieces that it tells of, so that nothing waits
    for it: only the journal's entry does.
    """

    def __init__(
        self, lanes: Lanes, sealer: Sealer, outlets: Sequence[Outlet], journal: Journal
    ) -> None:
        self._lanes, self._sealer, self._outlets, self._journal = lanes, sealer, outlets, journal
        self._lock = threading.Lock()
        self._open = self._new()
        self._bytes = 0
        self._under_way: deque[_Checkpoint] = deque()

    def piece(self, result: PieceResult) -> None:
        """A piece was handed to the lanes."""
        self._open.pieces.append(result)

    def file_ended(self, mark: str, payload: Callable[[], PayloadFile]) -> None:
        """A file was read to its end; `payload` may be called once its lanes have done with it."""
        self._open.files.append((mark, payload))

    def read(self, size: int) -> None:
        """So many bytes were read; makes a checkpoint when there are enough."""
        self._bytes += size
        if self._bytes >= CHECKPOINT:
            self._pass_on()
        while self._under_way and self._under_way[0].reached.is_set():
            self._tell(self._under_way.popleft())

    def finish(self) -> None:
        """Wait until all is durable, and told. Returns early when a lane failed."""
        self._pass_on()
        while self._under_way:
            if self._lanes.failed:
                return
            if self._under_way[0].reached.wait(_LOOK_SECONDS):
                self._tell(self._under_way.popleft())

    def _new(self) -> _Checkpoint:
        return _Checkpoint(len(self._sealer.stores), len(self._outlets))

    def _pass_on(self) -> None:
        checkpoint, self._open, self._bytes = self._open, self._new(), 0
        if not (checkpoint.pieces or checkpoint.files):
            return
        self._under_way.append(checkpoint)
        for lane in self._sealer.stores:  # behind the pieces that are still to come to them
            self._sealer.code.do(partial(lane.do, partial(self._ask_to_sync, checkpoint)))

    def _ask_to_sync(self, checkpoint: _Checkpoint) -> None:
        with self._lock:
            checkpoint.coming -= 1
            if checkpoint.coming:
                return
        if not self._outlets:
            checkpoint.reached.set()
        for one in self._outlets:
            one.lane.do(partial(self._sync, one, checkpoint))

    def _sync(self, outlet: Outlet, checkpoint: _Checkpoint) -> None:
        outlet.target.writer.sync()
        with self._lock:
            checkpoint.left -= 1
            last = checkpoint.left == 0
        if last:
            checkpoint.reached.set()

    def _tell(self, checkpoint: _Checkpoint) -> None:
        files = [KeptFile(mark, payload()) for mark, payload in checkpoint.files]
        self._journal.add([piece.kept() for piece in checkpoint.pieces], files)
