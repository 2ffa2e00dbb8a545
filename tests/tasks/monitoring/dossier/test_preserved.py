import hashlib
import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from tasks.monitoring.task import write_dossier
from tasks.monitoring.words import size
from tasks.records import Book, Fence
from tasks.records.preservation import Edition, Package, PreservationEvent, Replica
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.tasks.monitoring.dossier.test_page import Page

CONFIG = retirement()
MODEL = {"model_id": "aster-1"}
KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
FIRST, LATER = "a" * 64, "b" * 64

Put = Callable[..., None]


@pytest.fixture
def put(book: Book, fence: Fence, clock: FakeClock) -> Put:
    """Record rows, in one transaction."""

    def record(*rows) -> None:
        with book.writing(clock.now(), fence=fence) as writing:
            for row in rows:
                writing.put(row, "test.put")

    return record


@pytest.fixture
def html(book: Book, clock: FakeClock) -> Callable[[], str]:
    """The dossier."""
    return lambda: write_dossier(CONFIG, book, clock.now()).read_text()


def said(html: str) -> str:
    """A page, or a part of one, as a person reads it."""
    bare = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return " ".join(Page(re.sub(r"(<br>|</dt>)", r"\1 ", bare)).text.split())


def table(html: str, caption: str) -> list[list[str]]:
    """The cells of a table's rows, its head among them."""
    found = re.search(rf"<caption>{caption}.*?</table>", html, re.DOTALL)
    assert found, f"no table {caption}"
    rows = re.findall(r"<tr>(.*?)</tr>", found.group(), re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[said(cell) for cell in row] for row in cells]


def package(clock, key=FIRST, **fields):
    fixed = {"manifest": "m", "files": 1_234, "bytes": 23_649_548, "source_folder": "/models"}
    named = {"bag": "aster-1-20261201-1a2b3c4d", "public_key": KEY, "created_at": clock.now()}
    return Package(**MODEL, id=key, **{**fixed, **named, **fields})


def replica(clock, name, state="verified", **fields):
    damage = "altered: data/model.safetensors" if state == "damaged" else ""
    told = {"package_id": FIRST, "location": f"/replicas/{name}", "problem": damage}
    read = {"state": state, "stamp": "s", "verified_at": clock.now()}
    return Replica(**MODEL, name=name, **{**told, **read, **fields})


def edition(clock, form, recipients=""):
    bytes_of_bag = {"manifest": "m", "tags": "{}"}
    return Edition(
        **MODEL,
        id=form,
        package_id=FIRST,
        form=form,
        recipients=recipients,
        made_at=clock.now(),
        **bytes_of_bag,
    )


def event(clock, kind, detail, outcome="success", **fields):
    told = {"package_id": FIRST, "replica": "", "agent": "Emeritus 0.1.0", "at": clock.now()}
    key = hashlib.sha256(f"{kind}{detail}".encode()).hexdigest()
    return PreservationEvent(
        **MODEL, id=key, kind=kind, outcome=outcome, detail=detail, **{**told, **fields}
    )


def test_a_package_tells_what_a_stranger_needs_to_check_it(put: Put, html, clock: FakeClock):
    put(package(clock), replica(clock, "one"))
    text = said(html())
    for words in (
        "Package of 1 Dec 2026, 09:00",
        "1,234 files, 23,649,548 bytes (23.6 MB)",
        "aster-1-20261201-1a2b3c4d",
        FIRST,
        hashlib.sha256(KEY.encode()).hexdigest(),
        "metadata/signing-key.pub.pem",
        "RESTORE.md in each tells",
        "none yet: whether the package can still be used was not tried",
    ):
        assert words in text
    assert "Encrypted for" not in text


def test_a_package_of_before_signatures_claims_none(put: Put, html, clock: FakeClock):
    put(package(clock, bag="", public_key=""), replica(clock, "one"))
    text = said(html())
    assert "Signed with key not signed" in text
    assert "RESTORE.md" not in text
    assert "sha256sum -c manifest-sha256.txt" in text
    assert table(html(), "Replicas")[1][2] == "as it was, in plain"


def test_each_replica_tells_how_it_is_held_and_read(put: Put, html, clock: FakeClock):
    sampled = clock.now() + timedelta(days=3)
    put(
        package(clock),
        edition(clock, "files"),
        edition(clock, "pieces"),
        edition(clock, "age", "age1ada age1bob"),
        replica(clock, "a", edition_id="files"),
        replica(clock, "b", edition_id="pieces", fetch="s3://x 1 data/m"),
        replica(clock, "c", edition_id="age", sampled_at=sampled),
        replica(clock, "d", edition_id="gone"),
    )
    page = html()
    day = "1 Dec 2026, 09:00"
    assert table(page, "Replicas")[1:] == [
        ["a", "verified", "as it was, in plain", day, "none", "/replicas/a"],
        [
            "b",
            "verified",
            "in pieces, in plain; shares pieces with other bags of its place (fetch.txt)",
            day,
            "none",
            "/replicas/b",
        ],
        ["c", "verified", "encrypted for 2 recipients", day, "4 Dec 2026, 09:00", "/replicas/c"],
        ["d", "verified", "not recorded", day, "none", "/replicas/d"],
    ]
    assert "Encrypted for age1ada age1bob age public keys" in said(page)
    assert "amaged" not in said(page)


def test_damage_is_told_on_top_and_where_it_is(put: Put, html, clock: FakeClock):
    put(package(clock), replica(clock, "one"), replica(clock, "two", "damaged"))
    text = said(html())
    assert text.index("1 of 2 preserved copies is damaged: two.") < text.index("Announced")
    assert "Damaged: two (1 of 2 replicas). emeritus repair aster-1 mends it" in text
    assert "a replica that verifies (one)" in text
    last = table(html(), "Replicas")[2]
    assert last[:2] == ["two", "damaged"]
    assert last[-1] == "/replicas/two altered: data/model.safetensors"


def test_no_repair_is_promised_where_nothing_verifies(put: Put, html, clock: FakeClock):
    put(package(clock), replica(clock, "one", "damaged"), replica(clock, "two", "damaged"))
    text = said(html())
    assert "2 of 2 preserved copies are damaged: one, two." in text
    assert "No replica verifies: bring back a copy from outside" in text
    assert "emeritus repair" not in text.split("Checklist and closing")[0]


def test_no_repair_is_promised_of_a_package_that_was_replaced(put: Put, html, clock: FakeClock):
    later = clock.now() + timedelta(days=1)
    put(
        package(clock),
        package(clock, LATER, created_at=later),
        replica(clock, "one"),
        replica(clock, "two", "damaged"),
        replica(clock, "one", package_id=LATER),
    )
    text = said(html())
    assert "A later package took its place." in text
    assert "emeritus repair" not in text.split("Checklist and closing")[0]


def test_a_package_without_replicas_does_not_count(put: Put, html, clock: FakeClock):
    put(package(clock))
    assert "No replica was read back yet, so it does not count" in said(html())


def test_the_last_drill_of_the_package_is_told(put: Put, html, clock: FakeClock):
    put(package(clock), replica(clock, "one"))
    put(event(clock, "restore drill", "1 of 6 golden prompts", "failure"))
    assert "failed, 1 Dec 2026, 09:00: 1 of 6 golden prompts Until a drill passes" in said(html())
    clock.advance(days=1)
    put(event(clock, "restore drill", "6 of 6 golden prompts"))
    clock.advance(days=1)
    put(event(clock, "restore drill", "of another package", package_id=LATER))
    drill = said(html()).partition("Last restore drill ")[2]
    assert drill.startswith(
        "passed, 2 Dec 2026, 09:00: 6 of 6 golden prompts A hash proves bits; a drill proves use"
    )


def test_events_stand_newest_first_and_fifty_at_most(put: Put, html, clock: FakeClock):
    put(package(clock), replica(clock, "one"))
    for number in range(52):
        put(event(clock, "fixity check", f"look {number}", replica="one"))
        clock.advance(hours=1)
    put(event(clock, "fixity check", "altered: <b>data</b>", "failure", replica="one"))
    page = html()
    head, newest, *others = table(page, "Preservation events")
    assert head == ["When", "Event", "Outcome", "Detail"]
    assert newest == [
        "3 Dec 2026, 13:00",
        "fixity check of one",
        "failure",
        "altered: <b>data</b>",
    ]
    assert [row[3] for row in others] == [f"look {n}" for n in range(51, 2, -1)]
    assert "and 3 earlier; emeritus events aster-1 lists them all." in said(page)
    assert "<b>" not in page


def test_events_of_one_instant_stand_as_they_were_recorded(put: Put, html, clock: FakeClock):
    kinds = ["ingestion", "message digest calculation", "replication", "fixity check", "recovery"]
    put(package(clock), *(event(clock, kind, "x", replica="one") for kind in kinds))
    rows = table(html(), "Preservation events")[1:]
    assert [row[1] for row in rows] == [
        "recovery of one",
        "fixity check of one",
        "replication to one",
        "message digest calculation of one",
        "ingestion of one",
    ]


def test_agents_and_packages_are_named_where_there_are_several(put: Put, html, clock: FakeClock):
    put(package(clock), event(clock, "ingestion", "x"))
    assert "All done by Emeritus 0.1.0." in said(html())
    put(package(clock, LATER), event(clock, "dissemination", "y", agent="ada", replica="one"))
    first, last = sorted(table(html(), "Preservation events")[1:], key=lambda row: row[3])
    assert first[1] == f"ingestion package {FIRST[:12]}"
    assert [first[3], last[3]] == ["x Emeritus 0.1.0", "y ada"]
    assert "All done by" not in said(html())


def test_every_heading_of_a_table_tells_what_it_heads(put: Put, html, clock: FakeClock):
    put(package(clock), replica(clock, "one"), event(clock, "ingestion", "x"))
    heads = re.findall(r"<th\b[^>]*>", html())
    assert len(heads) > 10
    assert all('scope="' in head for head in heads)


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (999, "999 bytes"),
        (1_000, "1,000 bytes (1.0 kB)"),
        (999_949, "999,949 bytes (999.9 kB)"),
        (999_950, "999,950 bytes (1.0 MB)"),
        (3 * 10**18, "3,000,000,000,000,000,000 bytes (3000.0 PB)"),
    ],
)
def test_sizes_are_told_exactly_and_for_people(of: int, words: str):
    assert size(of) == words
