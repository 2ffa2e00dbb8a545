"""Drafts in Ghost: on our fake of it, and on a real one where the environment names it.

    EMERITUS_REAL_GHOST_URL=http://127.0.0.1:2368 EMERITUS_REAL_GHOST_ADMIN_KEY=id:secret

names a Ghost whose posts the tests may delete, all of them.
"""

import json
import logging
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tasks.adapters import ghost as adapter
from tasks.adapters.ghost import Ghost
from tasks.kernel.errors import ConfigError, EmeritusError, TargetBusy, TargetRefused
from tasks.kernel.retry import is_transient_fault
from tasks.ports.essay_target import Offered
from tests.contracts.essay_target import (
    DISCLAIMER,
    SLOT,
    WHY,
    Change,
    EssayTargetContract,
    Laid,
    Make,
    essay,
)
from tests.fakes import ghost_server as fake
from tests.fakes.ghost_server import KEY_ID, SECRET, Fault, GhostServer, ghost_server
from tests.fakes.webhook_server import webhook_server
from tests.tasks.adapters.ghost_scene import (
    KEY_ENV,
    REAL_KEY,
    REAL_URL,
    Person,
    ghost_config,
    opened,
    words_added,
)


@pytest.fixture(scope="module")
def one_server() -> Iterator[GhostServer]:
    with ghost_server() as ghost:
        yield ghost


@pytest.fixture
def server(one_server: GhostServer) -> GhostServer:
    """Forgotten what was before."""
    for held in (one_server.posts, one_server.pages, one_server.faults, one_server.asked):
        held.clear()
    one_server.now = lambda: datetime.now(UTC)
    return one_server


@pytest.fixture
def person(server: GhostServer, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv(KEY_ENV, f"{KEY_ID}:{SECRET}\n")
    return Person(server.url)


@pytest.fixture
def make(person: Person) -> Make:
    return lambda: opened(person.url)


@pytest.fixture
def laid(person: Person) -> Laid:
    def laid(slot: str) -> str:
        return "".join(f"{post['title']}\n{post['html']}" for post in person.posts(slot))

    return laid


@pytest.fixture
def change(person: Person) -> Change:
    def change(slot: str) -> None:
        (post,) = person.posts(slot)
        person.edit(slot, lexical=post["lexical"].replace("I write", "I wrote"))

    return change


class Drafts(EssayTargetContract):
    """What holds on the fake and on a real Ghost alike."""

    def test_it_is_a_draft_that_points_to_the_original(self, make: Make, person: Person) -> None:
        receipt = make().offer(essay())
        (post,) = person.posts()
        assert post["status"] == "draft"
        assert post["published_at"] is None
        assert post["slug"] == SLOT
        assert post["title"] == "On leaving"
        assert post["canonical_url"] == essay().permalink
        assert post["custom_excerpt"] == DISCLAIMER
        assert [tag["name"] for tag in post["tags"]] == ["#emeritus"]
        assert receipt.location == f"{person.url}/ghost/#/editor/post/{post['id']}"

    def test_a_person_publishes_and_nobody_else(self, make: Make, person: Person) -> None:
        make().offer(essay())
        person.edit(SLOT, status="published")
        receipt = make().offer(essay())
        assert (receipt.state, receipt.location) == (Offered.PUBLIC, f"{person.url}/{SLOT}/")
        assert len(person.posts()) == 1

    @pytest.mark.parametrize("what", ["title", "custom_excerpt", "added", "emptied"])
    def test_changed_words_are_told(self, make: Make, person: Person, what: str) -> None:
        make().offer(essay())
        (post,) = person.posts()
        added = {"lexical": words_added(post, "By the editors.")}
        emptied = {"lexical": post["lexical"].replace("I write", "")}
        person.edit(SLOT, **{"added": added, "emptied": emptied}.get(what, {what: "Other"}))
        assert make().offer(essay()).state is Offered.CHANGED
        assert len(person.posts()) == 1

    def test_what_is_no_change_of_the_words(self, make: Make, person: Person) -> None:
        make().offer(essay())
        (post,) = person.posts()
        as_saved = json.loads(words_added(post, ""))  # by Ghost's editor
        as_saved["root"]["children"][0]["visibility"] = {"web": {"nonMember": True}}
        tags = [{"name": "#emeritus"}, {"name": "Essays"}]
        person.edit(SLOT, tags=tags, featured=True, lexical=json.dumps(as_saved))
        assert make().offer(essay()).state is Offered.WAITING

    def test_another_template_is_no_change_by_a_person(
        self, make: Make, person: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as older:
            older.setattr(adapter, "as_html", lambda given: f"<p>as it was</p>{given.html}")
            make().offer(essay())
        assert make().offer(essay()).state is Offered.WAITING
        make().offer(essay(withdrawn=WHY))
        (post,) = person.posts()
        assert WHY in post["html"]
        assert "as it was" not in post["html"]

    def test_one_that_got_another_slug_is_found(self, make: Make, person: Person) -> None:
        make().offer(essay())
        person.edit(SLOT, slug="on-leaving")
        assert make().offer(essay()).state is Offered.WAITING
        assert [post["slug"] for post in person.posts()] == ["on-leaving"]

    def test_what_was_never_there_is_not_announced(self, make: Make, person: Person) -> None:
        receipt = make().offer(essay(withdrawn=WHY))
        assert (receipt.state, receipt.location) == (Offered.ABSENT, "")
        assert person.posts() == []

    def test_a_public_essay_is_withdrawn_where_it_stands(self, make: Make, person: Person) -> None:
        make().offer(essay())
        person.edit(SLOT, status="published")
        receipt = make().offer(essay(withdrawn=WHY))
        assert (receipt.state, receipt.location) == (Offered.PUBLIC, f"{person.url}/{SLOT}/")
        (post,) = person.posts()
        assert post["title"] == f"Withdrawn: {SLOT}"
        assert post["status"] == "published"
        assert WHY in post["html"]
        assert "I write" not in post["html"] + post["lexical"] + post["custom_excerpt"]
        again = make().offer(essay())
        assert again.state is Offered.CHANGED
        assert "notice" in again.said

    def test_a_changed_one_is_withdrawn_by_a_person(
        self, make: Make, person: Person, change: Change, laid: Laid
    ) -> None:
        make().offer(essay())
        change(SLOT)
        receipt = make().offer(essay(withdrawn=WHY))
        assert receipt.state is Offered.CHANGED
        assert "a person takes it down" in receipt.said
        assert "I wrote" in laid(SLOT)

    def test_a_post_of_somebody_else_is_left_alone(self, make: Make, person: Person) -> None:
        person.ask("POST", "/posts/", {"title": "Theirs", "slug": SLOT})
        assert make().offer(essay()).state is Offered.CHANGED
        assert [post["title"] for post in person.posts()] == ["Theirs"]

    def test_another_slot_that_is_spelt_the_same_is_left_alone(
        self, make: Make, person: Person
    ) -> None:
        make().offer(essay(slot_id="a.b-essay-001", permalink=""))
        receipt = make().offer(essay(slot_id="a-b-essay-001", permalink=""))
        assert receipt.state is Offered.CHANGED
        assert len(person.posts()) == 1

    def test_words_that_are_too_long_for_ghost(self, make: Make, person: Person) -> None:
        long = essay(title="word " * 80, disclaimer="Words of a model. " * 33, simulated=True)
        assert make().offer(long).state is Offered.WAITING
        (post,) = person.posts()
        assert post["title"].startswith("[SIMULATED] word")
        assert post["title"].endswith("word …")
        assert post["custom_excerpt"].startswith("[SIMULATED] Words of a model.")
        assert " ".join(long.disclaimer.split()) in " ".join(post["html"].split())
        assert make().offer(long).state is Offered.WAITING

    @pytest.mark.parametrize(
        "slot",
        ["birch-7b.v1.5-essay-001", "a--b-essay-002", "x" * 190],
        ids=["dots", "dashes", "long"],
    )
    def test_a_slot_is_found_again_however_ghost_spells_it(
        self, make: Make, person: Person, slot: str
    ) -> None:
        for _ in range(2):
            assert make().offer(essay(slot_id=slot, permalink="")).state is Offered.WAITING
        assert len(person.posts()) == 1


class TestGhost(Drafts):
    """On the fake."""


@pytest.mark.skipif(not (REAL_URL and REAL_KEY), reason="no real Ghost is named")
class TestRealGhost(Drafts):
    """On a real one."""

    @pytest.fixture
    def person(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
        monkeypatch.setenv(KEY_ENV, REAL_KEY)
        person = Person(REAL_URL, REAL_KEY)
        person.clear()
        yield person
        person.clear()

    def test_a_page_has_the_slug(self, make: Make, person: Person) -> None:
        (page,) = person.ask("POST", "/pages/", {"title": "Theirs", "slug": SLOT})
        try:
            with pytest.raises(TargetRefused, match="a page"):
                make().offer(essay())
            assert person.posts() == []
        finally:
            person.ask("DELETE", f"/pages/{page['id']}/")

    @pytest.mark.parametrize(("key", "status"), [("0" * 24, 401), ("", 401)])
    def test_a_wrong_key(
        self, person: Person, monkeypatch: pytest.MonkeyPatch, key: str, status: int
    ) -> None:
        number, _, secret = REAL_KEY.partition(":")
        other = f"{key}:{secret}" if key else f"{number}:{'ab' * 32}"
        monkeypatch.setenv(KEY_ENV, other)
        with pytest.raises(TargetRefused, match="Admin API") as caught:
            opened(person.url).offer(essay())
        assert caught.value.status == status


class TestNeverTwo:
    """Kills, lost answers, and somebody who was first."""

    def test_a_lost_answer(self, make: Make, person: Person, server: GhostServer) -> None:
        server.faults.append(Fault("POST", late=True))
        with pytest.raises(TargetBusy):
            make().offer(essay())
        assert make().offer(essay()).state is Offered.WAITING
        assert len(person.posts()) == 1

    def test_a_lost_answer_of_a_withdrawal(
        self, make: Make, person: Person, server: GhostServer
    ) -> None:
        make().offer(essay())
        server.faults.append(Fault("PUT", late=True))
        with pytest.raises(TargetBusy):
            make().offer(essay(withdrawn=WHY))
        assert make().offer(essay(withdrawn=WHY)).state is Offered.WAITING
        assert [post["title"] for post in person.posts()] == [f"Withdrawn: {SLOT}"]

    def test_another_pass_was_first(self, make: Make, person: Person, server: GhostServer) -> None:
        server.faults.append(Fault("POST", first=lambda: void(make().offer(essay()))))
        assert make().offer(essay()).state is Offered.WAITING
        assert [post["slug"] for post in person.posts()] == [SLOT]

    def test_a_page_has_the_slug(self, make: Make, person: Person, server: GhostServer) -> None:
        server.pages.append(SLOT)
        with pytest.raises(TargetRefused, match=f"a page .* slug {SLOT}"):
            make().offer(essay())
        assert person.posts() == []

    def test_a_person_saves_at_the_same_moment(
        self, make: Make, person: Person, server: GhostServer, change: Change, laid: Laid
    ) -> None:
        make().offer(essay())
        server.faults.append(Fault("PUT", first=lambda: change(SLOT)))
        with pytest.raises(TargetBusy, match="somebody is changing"):
            make().offer(essay(withdrawn=WHY))
        assert "I wrote" in laid(SLOT)
        assert make().offer(essay(withdrawn=WHY)).state is Offered.CHANGED

    def test_words_that_ghost_would_keep_otherwise_are_told(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fake, "_filled_in", lambda text, _: text.replace("write", "wrote"))
        receipt = make().offer(essay())
        assert receipt.state is Offered.CHANGED
        assert "other words than were sent" in receipt.said
        assert make().offer(essay()).state is Offered.CHANGED


def void(_: object) -> None:
    """For a lambda."""


def errors(message: str, context: str = "") -> str:
    return json.dumps({"errors": [{"message": message, "context": context}]})


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "body", "said"),
        [
            (400, errors("Invalid token"), "answers with 400: Invalid token; "),
            (401, errors("Unknown Admin API Key"), "Unknown Admin API Key; it does not take the"),
            (403, errors("Authorization failed"), "the key may not do this"),
            (404, "<html>", "answers with 404: no Admin API is there"),
            (406, errors("Request could not be served"), "its version"),
            (413, "", "too large"),
            (422, errors("Validation error", "Value in [posts.title] exceeds"), r"posts\.title"),
            (200, "<html>Sign in</html>", "no Admin API is there: name the root"),
            (200, "[]", "no Admin API is there"),
            (200, '{"site": {}}', "answers as no Ghost does"),
            (200, '{"posts": [1]}', "answers as no Ghost does"),
        ],
    )
    def test_what_is_refused_is_told_and_not_tried_again(
        self, make: Make, server: GhostServer, status: int, body: str, said: str
    ) -> None:
        server.faults.append(Fault("GET", status, body))
        with pytest.raises(TargetRefused, match=said) as caught:
            make().offer(essay())
        assert not is_transient_fault(caught.value)
        assert str(caught.value).startswith("blog: http://127.0.0.1:")
        assert server.posts == {}

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_busy_ghost_is_tried_again(
        self, make: Make, server: GhostServer, method: str, status: int
    ) -> None:
        server.faults.append(Fault(method, status, headers={"Retry-After": "30"}))
        with pytest.raises(TargetBusy, match=f"{status}; a later pass") as caught:
            make().offer(essay())
        assert is_transient_fault(caught.value)
        assert make().offer(essay()).state is Offered.WAITING

    def test_no_redirect_is_followed(self, make: Make, server: GhostServer) -> None:
        with webhook_server() as other:
            server.faults.append(Fault("GET", 301, headers={"Location": other.url}))
            with pytest.raises(TargetRefused, match="not followed"):
                make().offer(essay())
            assert other.posted == []

    def test_nobody_answers(self, person: Person) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        with pytest.raises(TargetBusy, match=r"no answer of http://127.0.0.1:\d+ \(ConnectError\)"):
            opened(f"http://127.0.0.1:{port}").offer(essay())

    def test_an_answer_without_end_is_not_kept(
        self, make: Make, server: GhostServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tasks.adapters.ghost_api._LARGEST_ANSWER", 1000)
        server.faults.append(Fault("GET", 200, json.dumps({"posts": [], "more": "x" * 5000})))
        with pytest.raises(TargetRefused):
            make().offer(essay())


class TestKey:
    def test_every_call_has_a_token_of_its_own_time(
        self, person: Person, server: GhostServer
    ) -> None:
        now = datetime(2026, 12, 1, 9, tzinfo=UTC)
        server.now = lambda: now
        target = Ghost(ghost_config(person.url), lambda: now)
        target.offer(essay())
        now += timedelta(hours=1)
        assert target.offer(essay()).state is Offered.WAITING

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_a_clock_that_is_wrong_is_told(
        self, person: Person, server: GhostServer, minutes: int
    ) -> None:
        now = datetime.now(UTC)
        server.now = lambda: now - timedelta(minutes=minutes)
        target = Ghost(ghost_config(person.url), lambda: now)
        if minutes > 0:  # Ghost minds a token of the past alone
            assert target.offer(essay()).state is Offered.WAITING
            return
        with pytest.raises(TargetRefused, match="clock") as caught:
            target.offer(essay())
        assert caught.value.status == 401

    @pytest.mark.parametrize(
        "key", ["", "579d4b129fe78d144b39b29de0", "ab:secret", f"{KEY_ID}:abc", f"{KEY_ID}:", "é:é"]
    )
    def test_one_that_can_not_be_used_is_never_shown(
        self, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        monkeypatch.setenv(KEY_ENV, key)
        with pytest.raises(ConfigError, match=KEY_ENV) as caught:
            opened("https://blog.example")
        assert not key or key not in str(caught.value)

    def test_it_is_in_no_message_and_no_log(
        self, make: Make, server: GhostServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        said = [repr(make()), make().offer(essay()).said]
        for fault in (Fault("GET", 401, errors(f"no {chr(10)}")), Fault("GET", 500)):
            server.faults.append(fault)
            with pytest.raises(EmeritusError) as caught:
                make().offer(essay())
            said.append(str(caught.value))
        heard = caplog.text + "".join(said)
        assert SECRET not in heard
        assert not any(token in heard for token in server.tokens)
        assert server.tokens

    @pytest.mark.parametrize(
        ("url", "allowed", "said"),
        [
            ("http://blog.internal", False, "in plain"),
            ("http://blog.internal", True, ""),
            ("http://[::1]:2368", False, ""),
            ("http://localhost:2368/blog/", False, ""),
            ("https://blog.example/?a=b", False, "root"),
            ("https://blog.example:99999", False, "root"),
            ("https:///x", False, "root"),
        ],
    )
    def test_addresses(
        self, monkeypatch: pytest.MonkeyPatch, url: str, allowed: bool, said: str
    ) -> None:
        monkeypatch.setenv(KEY_ENV, f"{KEY_ID}:{SECRET}")
        make: Callable[[], Ghost] = lambda: opened(url, plain_text_allowed=allowed)  # noqa: E731
        if not said:
            make()
            return
        with pytest.raises(ConfigError, match=said):
            make()


def test_the_fake_says_that_it_is_one() -> None:
    assert "It is not Ghost" in (fake.__doc__ or "")
    assert Path(fake.__file__).parent.name == "fakes"
