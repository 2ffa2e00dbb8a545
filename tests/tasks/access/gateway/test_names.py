"""A grant opens the names that people signed for, and a name belongs to one model."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import select

from configs.schema import RetirementConfig
from flows import fleet_look
from flows.passing import one_pass
from tasks import wiring
from tasks.access.act import approve, open_packet
from tasks.access.core import APPROVAL_NAMESPACE, approval_statement
from tasks.access.gateway.claims import claimed_twice, refuse_shared_names
from tasks.access.gateway.enforce import enforce
from tasks.access.gateway.grants import grants_in_force
from tasks.access.gateway.keys import issue_key
from tasks.access.gateway.settling import settle
from tasks.access.gateway.wanted import wanted
from tasks.access.task import grant, propose
from tasks.adapters.grant_signing import GrantSigning
from tasks.adapters.grants_file import GrantsFile
from tasks.candidate.opening import put_in_force
from tasks.kernel.errors import ConfigError, DecisionRefused
from tasks.kernel.stages import StageState
from tasks.records import Book, Fence
from tasks.records.access import GrantKey
from tasks.records.retirement import Retirement
from tests.fakes.clock import FakeClock
from tests.fakes.configs import retirement
from tests.fakes.grants import MODEL, Serials
from tests.tasks.access.conftest import People, decided


@dataclass
class Scene:
    """A model whose pilot two people signed, behind a gateway that reads the file."""

    config: RetirementConfig
    book: Book
    fence: Fence
    clock: FakeClock
    people: People
    home: Path

    def named(self, *names: str) -> None:
        """Other gateway names in the configuration."""
        gateway = self.config.access.gateway.model_copy(update={"model_names": names})
        access = self.config.access.model_copy(update={"gateway": gateway})
        self.config = self.config.model_copy(update={"access": access})

    def decide(self) -> None:
        """A pass proposes, two people sign, and the grants are made and told of."""
        propose.fn(self.config, self.fence)
        for person in ("alice", "bob"):
            with self.book.reading() as session:
                packet = open_packet(session, self.config, self.clock.now())
            words = approval_statement(MODEL, packet.digest)
            signature = self.people.sign(person, words, APPROVAL_NAMESPACE)
            verifier = wiring.signatures(self.config.access)
            now = self.clock.now()
            approve(self.config, self.book, verifier, person=person, signature=signature, now=now)
        self.clock.advance(seconds=1)
        grant.fn(self.config, self.fence)
        enforce.fn(self.config, self.fence)

    def key(self) -> str:
        """A new key for Acme; its token id."""
        with self.book.reading() as session:
            (row,) = (
                one
                for one in grants_in_force(session, MODEL, self.clock.now())
                if one.kind == "paid_users"
            )
        gateway, now = wiring.gateway(self.config.access), self.clock.now()
        made = issue_key(
            self.config, self.book, gateway, grant=row.id, holder="Acme", person="olga", now=now
        )
        return made.row.token_id

    def told(self) -> dict[str, tuple[str, ...]]:
        """What the file tells after a pass: token id -> names; `` -> those withdrawn."""
        settle(self.config, self.fence)
        body = json.loads((self.home / "grants" / f"{MODEL}.json").read_bytes())
        opens = {t: tuple(one["names"]) for one in body["grants"] for t in one["token_ids"]}
        return opens | {"": tuple(body["names"])}


@pytest.fixture
def scene(
    judged: RetirementConfig,
    book: Book,
    fence: Fence,
    clock: FakeClock,
    people: People,
    home: Path,
) -> Scene:
    access = judged.access.model_copy(update={"paid_users": ("Acme",)})
    config = judged.model_copy(update={"access": access})
    return Scene(config, book, fence, clock, people, home)


def test_a_name_added_after_the_decision_opens_nothing_until_people_signed_for_it(
    scene: Scene,
) -> None:
    scene.decide()
    token = scene.key()
    assert scene.told() == {token: (MODEL,), "": (MODEL,)}
    scene.named(MODEL, "birch-7b")
    assert scene.told() == {token: (MODEL,), "": (MODEL,)}  # whoever has access keeps it
    found = decided(scene.config, scene.book, scene.clock.now())
    assert found.state is StageState.DUE
    propose.fn(scene.config, scene.fence)
    found = decided(scene.config, scene.book, scene.clock.now())
    assert found.state is StageState.WAITING
    assert "nobody signed for the gateway name birch-7b" in found.reason
    assert "for what comes then: signature 1 of 2" in found.reason
    assert scene.told() == {token: (MODEL,), "": (MODEL,)}
    scene.decide()
    assert scene.told() == {token: (MODEL, "birch-7b"), "": (MODEL, "birch-7b")}
    assert decided(scene.config, scene.book, scene.clock.now()).state is StageState.DONE


def test_a_key_of_a_decision_before_opens_no_name_that_only_a_later_one_has(scene: Scene) -> None:
    scene.decide()
    token = scene.key()
    scene.named(MODEL, "birch-7b")
    scene.decide()
    with scene.book.writing(scene.clock.now()) as writing:  # not carried over, as a researcher's
        row = writing.session.exec(select(GrantKey)).one()
        with scene.book.reading() as session:
            grants = grants_in_force(session, MODEL, scene.clock.now())
        row.grant_id = next(g.id for g in grants if g.kind == "paid_users" and g.id != row.grant_id)
        writing.put(row, "x")
    assert scene.told() == {token: (MODEL,), "": (MODEL, "birch-7b")}


def test_a_name_that_is_taken_away_is_closed_at_once_and_asks_for_no_signature(
    scene: Scene,
) -> None:
    scene.named(MODEL, "aster-latest")
    scene.decide()
    token = scene.key()
    scene.named(MODEL)
    assert scene.told() == {token: (MODEL,), "": (MODEL,)}
    found = decided(scene.config, scene.book, scene.clock.now())
    assert found.state is StageState.DONE
    assert "aster-latest is no gateway name of the model any more" in found.reason


def test_another_endpoint_model_opens_nothing_by_itself_and_gives_no_key(scene: Scene) -> None:
    """Without `model_names` the endpoint's name is the gateway's."""
    scene.decide()
    token = scene.key()
    endpoint = scene.config.endpoint.model_copy(update={"model": "birch-7b"})
    scene.config = scene.config.model_copy(update={"endpoint": endpoint})
    assert scene.told() == {token: (), "": ()}
    with pytest.raises(DecisionRefused, match="opens no gateway name"):
        scene.key()
    scene.decide()
    assert scene.told() == {token: ("birch-7b",), "": ("birch-7b",)}


def test_a_name_added_to_an_open_packet_voids_its_signatures(scene: Scene) -> None:
    propose.fn(scene.config, scene.fence)
    with scene.book.reading() as session:
        first = open_packet(session, scene.config, scene.clock.now())
    assert json.loads(first.body)["names"] == [MODEL]
    page = scene.home / "pages" / MODEL / "access" / first.digest[:12] / "packet.html"
    assert f"the gateway's names <code>{MODEL}</code>, and under no other" in page.read_text()
    scene.named(MODEL, "birch-7b")
    with (
        scene.book.reading() as session,
        pytest.raises(DecisionRefused, match="out of date"),
    ):
        open_packet(session, scene.config, scene.clock.now())


def test_nobody_is_cut_off_under_a_name_that_no_packet_has(scene: Scene) -> None:
    """Before a decision all configured names carry the headers; after it the signed ones count."""
    scene.named(MODEL, "birch-7b")

    def names() -> tuple[str, ...]:
        with scene.book.reading() as session:
            return wanted(scene.config, session, scene.clock.now()).names

    assert names() == (MODEL, "birch-7b")
    scene.named(MODEL)
    scene.decide()
    scene.named(MODEL, "birch-7b")
    assert names() == (MODEL,)


@pytest.mark.parametrize(
    ("names", "in_force", "refused"),
    [
        ({"a": ["x"], "b": ["y"]}, {}, set()),
        ({"a": ["x"], "b": ["y", "x"]}, {}, {"a", "b"}),
        ({"a": ["x"], "b": ["y", "x"]}, {"a": ["x"]}, {"b"}),
        ({"a": ["x"], "b": ["y", "x"]}, {"b": ["x"]}, {"a"}),
        ({"a": ["x"], "b": ["y", "x"]}, {"a": ["z"]}, {"a", "b"}),
        ({"a": ["x"], "b": ["x"]}, {"a": ["x"], "b": ["x"]}, {"a", "b"}),
        ({"a": ["x"], "b": ["x"], "c": ["x"], "d": ["d"]}, {"a": ["x"]}, {"b", "c"}),
        ({"a": ["x", "x"]}, {}, set()),
    ],
)
def test_of_files_that_share_a_name_only_who_has_it_already_is_passed_over(
    names: dict[str, list[str]], in_force: dict[str, list[str]], refused: set[str]
) -> None:
    found = claimed_twice(names, in_force)
    assert set(found) == refused
    assert all("'x' is a gateway name of" in said for said in found.values())


def _other(**access: object) -> RetirementConfig:
    given = {"proposer": "paula", "allowed_signers": "allowed_signers", **access}
    return retirement(id="aster-2", access=given)


@pytest.fixture
def in_force(scene: Scene) -> Scene:
    put_in_force(scene.config, scene.book, scene.fence, scene.clock.now())
    return scene


def test_a_name_of_another_model_in_force_is_refused_before_anything_is_written(
    in_force: Scene,
) -> None:
    """The other one has no `model_names`: its endpoint's name is its gateway's."""
    clash = _other(gateway={"model_names": ["aster-2", MODEL]})
    for _ in range(2):  # the lease is free again
        with (
            pytest.raises(ConfigError, match="'aster-1' is a gateway name of aster-1 too"),
            one_pass(clash),
        ):
            raise AssertionError("passed over")
    with in_force.book.reading() as session:
        assert session.get(Retirement, "aster-2") is None
    with one_pass(_other(gateway={"model_names": ["aster-2"]})):
        pass
    in_force.clock.advance(minutes=2)  # the fixture's own lease is over
    with one_pass(in_force.config):  # the other one's try does not hold it up
        pass


def test_a_name_in_a_shared_folder_is_refused_whoever_wrote_it(in_force: Scene) -> None:
    signing = GrantSigning(in_force.home / "elsewhere" / "key")
    there = GrantsFile(in_force.home / "grants", signing, Serials(), in_force.clock.now)
    there.apply("birch-7b", ["birch-7b", "shared"], [], {})
    in_force.named(MODEL, "shared")
    with pytest.raises(
        ConfigError, match=r"'shared' is a gateway name of birch-7b.*birch-7b\.json"
    ):
        refuse_shared_names(in_force.config, in_force.book)
    there.apply("birch-7b", ["birch-7b"], [], {})
    refuse_shared_names(in_force.config, in_force.book)


def test_a_name_that_came_into_the_folder_meanwhile_is_left_out_and_the_rest_is_told(
    scene: Scene,
) -> None:
    """Two machines at once: neither saw the other's file when its pass began."""
    scene.named(MODEL, "shared")
    propose.fn(scene.config, scene.fence)
    signing = GrantSigning(scene.home / "elsewhere" / "key")
    there = GrantsFile(scene.home / "grants", signing, Serials(), scene.clock.now)
    there.apply("birch-7b", ["birch-7b", "shared"], [], {})
    scene.decide()
    token = scene.key()
    assert scene.told() == {token: (MODEL,), "": (MODEL,)}
    found = settle(scene.config, scene.fence).found
    assert [(one.what, done) for one, done in found] == [("names", "not mended")]
    assert "shared (birch-7b)" in found[0][0].said
    there.apply("birch-7b", ["birch-7b"], [], {})
    assert scene.told()[token] == (MODEL, "shared")


def test_a_fleet_passes_over_neither_of_two_files_that_share_a_name(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    configs = {
        "aster-1": scene.config,
        "aster-2": _other(gateway={"model_names": ["aster-2", "aster-1"]}),
        "birch-7b": retirement(id="birch-7b", endpoint={"model": "birch-7b"}),
    }
    for name in (*configs, "broken"):
        (folder / f"{name}.yaml").touch()

    def load(path: Path) -> RetirementConfig:
        if path.stem == "broken":
            raise ConfigError("no good")
        return configs[path.stem]

    monkeypatch.setattr(fleet_look, "load_retirement", load)
    monkeypatch.setattr(fleet_look, "assess_all", lambda *_: {})  # who is looked at, not how it is
    monkeypatch.setattr(fleet_look, "is_told", lambda *_: False)
    looked = fleet_look.look_over(folder)
    assert set(looked.due) == {"birch-7b"}
    assert set(looked.refused) == {"aster-1", "aster-2", "broken"}
    assert "aster-1: access.gateway.model_names: 'aster-1'" in looked.refused["aster-1"]
    put_in_force(scene.config, scene.book, scene.fence, scene.clock.now())
    assert set(fleet_look.look_over(folder).due) == {"aster-1", "birch-7b"}
    configs["aster-2"] = _other(gateway={"model_names": ["aster-2"]})
    assert set(fleet_look.look_over(folder).due) == {"aster-1", "aster-2", "birch-7b"}
