"""`kill -9` of a real process at random moments of packaging: nothing is lost but the chunk."""

import random
import subprocess
import sys
import time
from pathlib import Path

import bagit
import pytest
from sqlmodel import select

from configs.home import CHECKOUT
from tasks.preservation.act import restore
from tasks.preservation.task import preserve
from tasks.records import Book, Fence
from tasks.records.preservation import JournalEntry, Replica, Unfinished
from tests.fakes.configs import retirement
from tests.tasks.preservation.test_forms import IDENTITIES, PLAIN, RECIPIENTS, SEALED, SPLIT, same
from tests.tasks.preservation.test_stream import tensors

CHILD = """
import sys
from tasks.adapters.directory_writer import DirectoryBagWriter
from tasks.preservation import checkpoints
from tasks.preservation.task import preserve
from tasks.records import Fence
from configs.schema import RetirementConfig
import time
checkpoints.CHECKPOINT = 8 << 20
put = DirectoryBagWriter.put
def slow(self, *given):
    time.sleep(0.03)  # a disk that is slow enough to be killed in the middle
    put(self, *given)
DirectoryBagWriter.put = slow
config = RetirementConfig.model_validate_json(sys.argv[1])
preserve.fn(config, Fence(model_id=config.id, token=int(sys.argv[2])))
"""


def entries(book: Book) -> int:
    with book.reading() as session:
        return len(session.exec(select(JournalEntry)).all())


def test_a_package_killed_again_and_again_is_the_one_that_nobody_killed(
    home: Path, fence: Fence, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = home / "models" / "aster-1"
    model.mkdir(parents=True)
    for n in range(3):
        (model / f"w{n}.safetensors").write_bytes(tensors(6, 3 << 20, seed=n))
    replicas = [
        {"name": name, "directory": f"replicas/{name}", **form}
        for name, form in zip("abc", (PLAIN, SPLIT, SEALED), strict=True)
    ]
    config = retirement(preservation={"replicas": replicas, "recipients": RECIPIENTS})
    rng, bags, held = random.Random(11), set(), [0]
    command = [sys.executable, "-c", CHILD, config.model_dump_json(), str(fence.token)]
    for target in (1, 7, 14):
        child = subprocess.Popen(command, cwd=CHECKOUT)
        while entries(book) < target:
            assert child.poll() is None, "it is still at work"
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.1))
        child.kill()
        child.wait()
        held.append(entries(book))
        with book.reading() as session:
            bags |= {row.bag for row in session.exec(select(Unfinished))}
    preserve.fn(config, fence)
    assert len(bags) == 1, "every pass went on with the same bag"
    with book.reading() as session:
        assert {row.state for row in session.exec(select(Replica))} == {"verified"}
        assert not session.exec(select(JournalEntry)).all()
        assert not session.exec(select(Unfinished)).all()
    assert held == sorted(held), "what one pass held, the next one kept"
    for name in "abc":
        (bag,) = (p for p in (home / "replicas" / name).iterdir() if not p.name.startswith("."))
        bagit.Bag(str(bag)).validate()
        assert [p.name for p in (home / "replicas" / name).iterdir()] == [bag.name]
    key = home / "identity.txt"
    key.write_text(f"{IDENTITIES[0]}\n")
    key.chmod(0o600)
    for name in "bc":
        restore(config, home / name, replica=name, identity_file=key)
        assert same(model, home / name)
