"""Making bags so that a kill anywhere costs one chunk: read, record, commit, read back."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlmodel import col, select

from configs.schema.preservation import Form
from tasks import wiring
from tasks.kernel.errors import ReplicaDamaged, SourceRefused
from tasks.ports.source import Source
from tasks.preservation import events
from tasks.preservation.copying import copy_bag, is_taken
from tasks.preservation.edition import BagTags
from tasks.preservation.fixity import read_back
from tasks.preservation.holdings import (
    bag_of,
    copy_of,
    edition_tags,
    record_edition,
    record_package,
)
from tasks.preservation.journal import RecordedJournal, Sealed
from tasks.preservation.memory import give_back
from tasks.preservation.packaging import Made, Place, commit, write_payload
from tasks.preservation.pieces import PIECE, SMALL
from tasks.preservation.sizes import sizes_of
from tasks.preservation.trust import verify_signature
from tasks.preservation.upkeep import Standing, plain_source, record_checks
from tasks.preservation.workshop import Workshop, new_bag
from tasks.records import Fence
from tasks.records.book import Writing
from tasks.records.preservation import Package, Piece, Replica


def make_bags(
    shop: Workshop,
    fence: Fence,
    places: Sequence[Place],
    source: Callable[[], Source],
    *,
    package: Package | None = None,
    proving: bool = False,
) -> Package:
    """Make a package's bags in these places, and read them back; goes on where a dead pass was.

    A new package that no bag holds whole, since another model's bag gave it a damaged piece, is
    made once more, and shares only what was read first.

    Args:
        shop: the model's places and tools.
        fence: the pass's.
        places: where bags are made.
        source: opens what is read; not called when all was read already.
        package: the package that the source must hold, for more bags of it; None for a new one.
        proving: read what another bag shares before it is linked; always done for more bags, since
            what was shared may be what is damaged.

    Raises:
        SourceRefused, OSError: see `write_payload`; no replica was marked good.
        ReplicaDamaged: a new package, and no bag reads back as it was written.
    """
    clock, proving = wiring.clock(), proving or package is not None
    journal = RecordedJournal(wiring.book(), fence, clock.now)
    fresh, terms = new_bag(shop.config.id, clock.now()), _terms(shop, places, package)
    bag = journal.begin(fresh, terms)
    if journal.tells() and not all(place.archive.begun(bag) for place in places):
        journal.forget()  # what it tells of is gone somewhere: somebody tidied up
        bag = journal.begin(fresh, terms)
    for place in shop.places:
        place.archive.sweep(shop.config.id, keep=bag)
    sealed = journal.sealed()
    if sealed is None:
        maker = shop.maker(places, bag, package=package, proving=proving)
        try:
            # nothing here holds on to what was made: a large model has a hundred thousand pieces
            sealed = _record(
                shop,
                fence,
                journal,
                write_payload(source(), places, bag, journal=journal, maker=maker),
                bag=bag,
                package=package,
            )
        except SourceRefused:
            if proving:  # some of what was read may be damaged: it is read anew next time
                journal.forget()
            raise
    give_back()
    with wiring.book().reading() as session:
        kept = session.get_one(Package, sealed.package_id)
        editions = {Form(f): edition_tags(session, id_) for f, id_ in sealed.editions.items()}
    commit(editions, sealed.fetch, places, bag)
    for place in shop.places:  # before the record: a kill after it leaves nothing to clean up
        place.archive.sweep(shop.config.id)
    standings = _read_back(shop, kept, places, bag=bag, sealed=sealed, editions=editions)
    if package is None and not any(one.report.whole for one in standings):
        journal.forget()
        _tell_of_failure(fence, kept, standings)
        if not proving and _has_shared(sealed):
            return make_bags(shop, fence, places, source, proving=True)
        said = "; ".join(f"{one.copy.archive.location(bag)}: {one.report}" for one in standings)
        raise ReplicaDamaged(
            f"no bag reads back as it was written ({said}); check the disks; the next pass "
            "begins anew, and these bags can be removed by hand"
        )
    record_checks(fence, kept, standings, also=journal.clear, new=True)
    return kept


def _tell_of_failure(fence: Fence, package: Package, standings: Sequence[Standing]) -> None:
    with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
        for one in standings:
            said = f"written to {one.row.location}, which can be removed: {one.report}"
            events.tell(
                writing,
                package,
                events.REPLICATION,
                events.FAILURE,
                detail=said,
                replica=one.row.name,
            )


def _has_shared(sealed: Sealed) -> bool:
    query = select(Piece).where(
        col(Piece.edition_id).in_(sealed.editions.values()), col(Piece.origin_bag) != ""
    )
    with wiring.book().reading() as session:
        return session.exec(query.limit(1)).first() is not None


def _terms(shop: Workshop, places: Sequence[Place], package: Package | None) -> dict[str, Any]:
    """What must be the same for a pass to go on with what a dead one left."""
    preservation = shop.config.preservation
    return {
        "source": str(preservation.source_folder or ""),
        "package": package.id if package else "",
        "places": [[p.archive.name, p.archive.location(""), p.form.value] for p in places],
        "recipients": sorted(preservation.recipients),
        "opaque": list(preservation.opaque_files),
        "agent": events.AGENT,
        "pieces": [PIECE, SMALL],
    }


def _record(
    shop: Workshop,
    fence: Fence,
    journal: RecordedJournal,
    made: Made,
    *,
    bag: str,
    package: Package | None,
) -> Sealed:
    editions = {form.value: tags.id for form, tags in made.editions.items()}
    sealed = Sealed(made.package_id, editions, dict(made.fetch))
    with wiring.book().writing(wiring.clock().now(), fence=fence) as writing:
        if package is None:
            source = str(shop.config.preservation.source_folder or "golden prompts")
            package = record_package(writing, made, model_id=shop.config.id, bag=bag, source=source)
            _tell_of(writing, package, made)
        for form in made.editions:
            record_edition(writing, made, form, package=package)
        journal.seal(writing.session, sealed)
    return sealed


def _tell_of(writing: Writing, package: Package, made: Made) -> None:
    told = [
        (events.INGESTION, f"{package.files} files, {package.bytes} bytes, read once"),
        (events.DIGEST, "SHA-256 of every file, BLAKE3 of every tensor"),
        (events.SIGNING, "OpenSSF model signature over the files' digests"),
    ]
    if Form.AGE in made.editions:
        to = ", ".join(made.editions[Form.AGE].recipients)
        told.append((events.ENCRYPTION, f"age, to {to}"))
    for kind, detail in told:
        events.tell(writing, package, kind, events.SUCCESS, detail=detail)


def _read_back(
    shop: Workshop,
    package: Package,
    places: Sequence[Place],
    *,
    bag: str,
    sealed: Sealed,
    editions: dict[Form, BagTags],
) -> list[Standing]:
    standings = []
    for place in places:
        row = Replica(
            package_id=package.id,
            name=place.archive.name,
            model_id=package.model_id,
            location=place.archive.location(bag),
            state="damaged",
            stamp="",
            verified_at=wiring.clock().now(),
            edition_id=sealed.editions[place.form.value],
            bag="" if bag == bag_of(package) else bag,
            fetch=sealed.fetch.get(place.archive.name, ""),
        )
        with wiring.book().reading() as session:
            copy = copy_of(session, place.archive, package, row, editions[place.form])
        stamp = place.archive.stamp(bag)
        report = read_back(copy, progress=shop.progress)
        standings.append(Standing(place, row, copy, report, stamp))
    return standings


def make_more(
    shop: Workshop,
    fence: Fence,
    package: Package,
    places: Sequence[Place],
    standings: Sequence[Standing],
) -> None:
    """Make bags of a recorded package in places that have none that is whole.

    Where a replica of the same form verifies, its bag is copied as it stands: no key is needed, and
    the two can mend each other later. Where something has the bag's name already, that is left as
    it is, and the copy gets a name of its own. Otherwise a bag is made from replicas that can be
    read in plain, or from the source folder while it still holds the package.

    Args:
        shop: the model's places and tools.
        fence: the pass's.
        package: the package.
        places: where bags are made.
        standings: how the recorded replicas read back.

    Raises:
        ReplicaDamaged: nothing gives the package.
        ManifestSignatureRefused: the records don't agree with the signature.
    """
    verify_signature(package)
    left = []
    for place in places:
        twin = next((s for s in standings if _gives(s, place)), None)
        if twin is None:
            left.append(place)
        else:
            _copy(shop, fence, package, place, twin)
    if left:
        make_bags(shop, fence, left, lambda: plain_source(shop, package, standings),
                  package=package)  # fmt: skip


def _gives(standing: Standing, place: Place) -> bool:
    return (
        standing.report.whole
        and standing.sampled is None
        and standing.copy.tags.form is place.form
        and standing.place is not place
    )


def _copy(shop: Workshop, fence: Fence, package: Package, place: Place, twin: Standing) -> None:
    """Copy a whole bag, under its own name where that is free, and read it back."""
    bag, tags, sizes = twin.copy.bag, twin.copy.tags, sizes_of(package, twin.copy)
    if is_taken(place.archive, bag):
        bag = new_bag(package.model_id, wiring.clock().now())
    copy_bag(twin.copy, place.archive, sizes, bag=bag, progress=shop.progress)
    editions = {tags.form: tags}
    sealed = Sealed(package.id, {tags.form.value: twin.row.edition_id}, {})
    standings = _read_back(shop, package, [place], bag=bag, sealed=sealed, editions=editions)
    record_checks(fence, package, standings, new=True)
