"""What packaging, fixity and repair of one model all need, made from its configuration."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version

from configs.schema import RetirementConfig
from configs.schema.preservation import Form
from tasks import wiring
from tasks.kernel.spool import Content
from tasks.ports.archive import Archive
from tasks.ports.source import Source
from tasks.preservation.description import Described, render_description
from tasks.preservation.description_files import read_texts
from tasks.preservation.edition import About
from tasks.preservation.golden_rows import golden_files
from tasks.preservation.holdings import SharedPieces, proven, tags_of
from tasks.preservation.packaging import Maker, Place
from tasks.preservation.payload import PayloadFile
from tasks.preservation.terms import Progress, Terms, no_progress
from tasks.records.latest import is_simulated
from tasks.records.preservation import Package

BEHAVIOUR = "behaviour/"


@dataclass(frozen=True, slots=True)
class Workshop:
    """One model's places and tools.

    Attributes:
        config: the model's configuration.
        places: every configured replica's archive, and the form that it holds.
        progress: told of long work.
    """

    config: RetirementConfig
    places: tuple[Place, ...]
    progress: Progress = no_progress

    @classmethod
    def open(cls, config: RetirementConfig, progress: Progress = no_progress) -> "Workshop":
        """Open it."""
        replicas = config.preservation.replicas
        archives = wiring.archives(config.preservation)
        places = tuple(
            Place(archive, replica.form)
            for archive, replica in zip(archives, replicas, strict=True)
        )
        return cls(config, places, progress)

    def place(self, name: str) -> Place:
        """The place of a replica."""
        return next(place for place in self.places if place.archive.name == name)

    def source(self) -> Source:
        """The folder of weights; for a model without one, its frozen behaviour."""
        if self.config.preservation.source_folder is not None:
            return wiring.source(self.config.preservation)
        with wiring.book().reading() as session:
            files = golden_files(self.config, session)
        return wiring.made_source({BEHAVIOUR + name: data for name, data in files.items()})

    def terms(self, places: Sequence[Place] = (), *, proving: bool = False) -> Terms:
        """How a source is read.

        Args:
            places: those that may share pieces.
            proving: read such a piece before it is shared.
        """
        preservation = self.config.preservation
        archives: dict[Form, list[Archive]] = {}
        for place in places:
            archives.setdefault(place.form, []).append(place.archive)
        shared = SharedPieces(wiring.book(), archives, preservation.recipients)
        return Terms(
            cipher=wiring.cipher(preservation),
            shared=proven(shared, archives) if proving else shared,
            opaque=preservation.opaque_files,
            progress=self.progress,
        )

    def maker(
        self,
        places: Sequence[Place],
        bag: str,
        *,
        package: Package | None = None,
        proving: bool = False,
    ) -> Maker:
        """Everything that packaging takes.

        Args:
            places: where bags are made.
            bag: their name.
            package: the package that they are more bags of: its description is as it was, where
                one of its editions tells it in plain.
            proving: see `terms`.

        Raises:
            MetadataMissing: a text that the configuration names can't be read.
            ManifestSignatureRefused: the signing key can't be used.
        """
        expect, terms = package.manifest if package else "", self.terms(places, proving=proving)
        signer = wiring.signer(self.config.preservation)
        if package is not None and (frozen := self._frozen_description(package)):
            with wiring.book().reading() as session:
                simulated = is_simulated(session, self.config.id)
            about = partial(_about, bag, self.config, wiring.clock().now(), simulated)
            return Maker(self.config.id, about, lambda *_: frozen, signer, terms, expect)
        with wiring.book().reading() as session:
            simulated = is_simulated(session, self.config.id)
            golden = golden_files(self.config, session)
        now, config = wiring.clock().now(), self.config
        about = partial(_about, bag, config, now, simulated)
        texts = read_texts(config.preservation.metadata)

        def describe(files: Sequence[PayloadFile], package_id: str) -> dict[str, Content]:
            return render_description(
                Described(
                    config=config,
                    files=tuple(files),
                    golden=golden,
                    texts=texts,
                    bag=bag,
                    made_on=now.date(),
                    package_id=package_id,
                    simulated=simulated,
                    version=version("emeritus"),
                )
            )

        return Maker(config.id, about, describe, signer, terms, expect)

    def _frozen_description(self, package: Package) -> dict[str, Content]:
        with wiring.book().reading() as session:
            for form in (Form.FILES, Form.PIECES):
                with suppress(LookupError):
                    return tags_of(session, package, None, form).description()
        return {}


def new_bag(model_id: str, now: datetime) -> str:
    """A name that no other bag has: `<model>-<day>-<8 hex digits>`."""
    return f"{model_id}-{now:%Y%m%d}-{secrets.token_hex(4)}"


def _about(
    bag: str, config: RetirementConfig, now: datetime, simulated: bool, package_id: str
) -> About:
    return About(
        bag=bag,
        model_id=config.id,
        display_name=config.display_name,
        package_id=package_id,
        made_on=now.date(),
        version=version("emeritus"),
        simulated=simulated,
    )
