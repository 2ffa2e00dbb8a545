"""No order of writing, spoiling, replaying and waiting lets a reader open what it should not.

Nor does a wrong clock of the writer's.
"""

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tests.fakes.clock import FakeClock
from tests.fakes.grants import MODEL, NAMES, Serials, granted
from tests.fakes.hooks import GrantsFolder, grants

TOKENS = ("a" * 64, "b" * 64, "c" * 64)


class Reader(RuleBasedStateMachine):
    """A writer, somebody who can write the folder but not sign, and a reader.

    `signed` holds what was ever signed, in order. `there` is the number of the pair that stands in
    the folder, or None when it is spoilt. `seen` is the newest number that the reader met.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        top = Path(self.folder.name)
        self.clock = FakeClock()
        signing = GrantSigning(top / "keys" / "g")
        self.ahead = timedelta(0)
        self.writer = GrantsFile(
            top / "grants", signing, Serials(), lambda: self.clock.now() + self.ahead
        )
        self.path = top / "grants" / f"{MODEL}.json"
        now = self.clock.now
        self.reader = GrantsFolder(top / "grants", signing.signers, now=lambda: now().timestamp())
        self.signed: list[tuple[frozenset[str], tuple[bytes, bytes]]] = []
        self.there: int | None = None
        self.seen = -1
        self.bad_since = None

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize()
    def first(self) -> None:
        self.tell(frozenset())

    @rule(tokens=st.frozensets(st.sampled_from(TOKENS)))
    def tell(self, tokens: frozenset[str]) -> None:
        self.clock.advance(milliseconds=1)
        start = self.clock.now() - timedelta(days=1)
        self.writer.apply(MODEL, NAMES, [granted(start, *tokens)], {"n": len(self.signed)})
        pair = self.path.read_bytes(), Path(f"{self.path}.sig").read_bytes()
        self.signed.append((tokens, pair))
        self.there = len(self.signed) - 1

    @rule(days=st.sampled_from([-900, 0, 900]))
    def set_the_writers_clock(self, days: int) -> None:
        self.ahead = timedelta(days=days)

    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(self.signed) - 1))
        body, signature = self.signed[number][1]
        self.path.write_bytes(body)
        Path(f"{self.path}.sig").write_bytes(signature)
        self.there = number

    @rule(data=st.data())
    def mix(self, data: st.DataObject) -> None:
        """One pair's body beside another's signature."""
        numbers = st.integers(0, len(self.signed) - 1)
        one, other = data.draw(numbers), data.draw(numbers)
        self.path.write_bytes(self.signed[one][1][0])
        Path(f"{self.path}.sig").write_bytes(self.signed[other][1][1])
        self.there = one if one == other else None

    @rule(how=st.sampled_from(["cut", "remove", "unsign"]))
    def spoil(self, how: str) -> None:
        if how == "cut":
            self.path.write_bytes(b"{")
        else:
            file = self.path if how == "remove" else Path(f"{self.path}.sig")
            file.unlink(missing_ok=True)
        self.there = None

    @rule(seconds=st.sampled_from([1, 4, grants.GRACE_SECONDS]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    @invariant()
    def opens_only_what_it_should(self) -> None:
        self.reader.refresh()
        now = self.clock.now()
        if self.there is not None and self.there >= self.seen:
            self.seen, self.bad_since = self.there, None
        elif self.bad_since is None:
            self.bad_since = now
        grace = timedelta(seconds=grants.GRACE_SECONDS)
        believed = self.bad_since is None or now < self.bad_since + grace
        expected = self.signed[self.seen][0] if believed and self.seen >= 0 else frozenset()
        found = {token for token in TOKENS if self.reader.grants_of(token)}
        assert found == expected


Reader.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
TestReader = Reader.TestCase
