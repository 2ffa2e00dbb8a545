"""Ten thousand random requests to the real LiteLLM proxy while grants come, end and are revoked."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tasks.ports.gateway import GrantedAccess
from tests.fakes.hooks import token_id_of
from tests.fakes.litellm_proxy import bearer
from tests.litellm.hook_scene import ASKS_FOR_ANOTHER, CHAT, NAMES, Scene, grant, utc_now

REQUESTS = 10_000
MARGIN = timedelta(milliseconds=50)  # clocks are read on either side of a request


@dataclass
class Known:
    """What the test knows of one key.

    Attributes:
        key: the key.
        states: from when (first and last instant of the telling) it stood under which grant; None
            once the key alone was closed.
    """

    key: str
    states: list[tuple[datetime, datetime, GrantedAccess | None]]

    @property
    def grant(self) -> GrantedAccess | None:
        return self.states[-1][2]

    def opens(self, began: datetime, ended: datetime) -> bool | None:
        """Whether it should open the model during a request; None where that changed meanwhile."""
        began, ended = began - MARGIN, ended + MARGIN
        if any(start <= ended and began <= end for start, end, _ in self.states):
            return None
        grant = next(one for _, end, one in reversed(self.states) if end < began)
        if grant is None:
            return False
        edges = [grant.starts_at, grant.ends_at]
        return None if any(began <= e <= ended for e in edges) else grant.is_open(began)


@dataclass(frozen=True)
class Asked:
    """One request: by whom, whether for exactly the model, how it went."""

    by: Known | None
    right: bool
    began: datetime
    ended: datetime
    status: int

    @property
    def expected(self) -> bool | None:
        if self.by is None or not self.right:
            return False
        return self.by.opens(self.began, self.ended)


class Life:
    """Grants that begin, end, are revoked, and get and lose keys, at random."""

    def __init__(self, scene: Scene, seed: random.Random) -> None:
        self.scene, self.seed, self.known = scene, seed, list[Known]()
        self.changes = 0

    def change(self) -> None:
        """One act, told to the gateway."""
        self.changes += 1
        now = utc_now()
        alive = [one for one in self.known if one.grant is not None and one.grant.ends_at > now]
        act = self.seed.choice(["grant", "grant", "key", "end", "revoke", "close"])
        if act == "grant" or not alive:
            begins = now + timedelta(seconds=self.seed.choice([-5, 0, 0.5, 2]))
            ends = now + timedelta(seconds=self.seed.uniform(0.5, 200))
            self._give(grant(f"r-{len(self.known)}", starts_at=begins, ends_at=ends))
            return
        one = self.seed.choice(alive)
        current = self.scene.grants[one.grant.id if one.grant else ""]
        if act == "key":
            self._give(current)
        elif act == "close":
            left = tuple(k for k in current.keys if k.token_id != token_id_of(one.key))
            self._tell(replace(current, keys=left), [one], None)
        else:
            soon = now + timedelta(milliseconds=self.seed.randrange(1000))
            ended = {"revoke": {"revoked_at": now}, "end": {"ends_at": soon}}[act]
            changed = replace(current, **ended)
            with_it = [k for k in self.known if k.grant is not None and k.grant.id == changed.id]
            self._tell(changed, with_it, changed)

    def _give(self, one: GrantedAccess) -> None:
        start = utc_now()
        key, made = self.scene.give(one)
        self.known.append(Known(key, [(start, utc_now(), made)]))

    def _tell(self, told: GrantedAccess, keys: list[Known], state: GrantedAccess | None) -> None:
        start = utc_now()
        self.scene.tell(told)
        for key in keys:
            key.states.append((start, utc_now(), state))

    def ask(self, client: httpx.Client, number: int) -> Asked:
        """One request of a random kind by a random caller."""
        seed = random.Random(number)
        recent = self.known[-12:] if seed.random() < 0.8 else self.known
        by = seed.choice(recent) if recent and seed.random() < 0.95 else None
        key = by.key if by else f"sk-{seed.getrandbits(64)}"
        right, model = seed.random() < 0.75, seed.choice(NAMES)
        if right:
            chat = ["/v1/chat/completions", f"/engines/{model}/chat/completions"]
            path = seed.choice([*chat, "/v1/messages"])
            more = {"max_tokens": 9} if path == "/v1/messages" else {}
            body: dict[str, Any] = {"model": model, **CHAT, **more}
        else:
            path, body = seed.choice(ASKS_FOR_ANOTHER)
        began = utc_now()
        status = client.post(path, json=body, headers=bearer(key)).status_code
        return Asked(by, right, began, utc_now(), status)


def test_ten_thousand_random_requests_leak_nothing(
    scene: Scene, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Requests of every kind go on, four at a time, while grants change."""
    scene.grants.clear()
    life, asked = Life(scene, random.Random(20261126)), list[Asked]()
    before, start = len(scene.upstream.asked), time.monotonic()
    client = httpx.Client(base_url=scene.proxy.url, timeout=60, trust_env=False)
    with ThreadPoolExecutor(4) as pool, client:
        while len(asked) < REQUESTS:
            first = len(asked)
            jobs = [pool.submit(life.ask, client, first + n) for n in range(40)]
            life.change()
            asked += [job.result() for job in jobs]
    judged = [(one, one.expected) for one in asked]
    sure = [(one.status == 200, expected) for one, expected in judged if expected is not None]
    leaks, wrong = sure.count((True, False)), sure.count((False, True))
    told = (
        f"{len(asked)} requests in {time.monotonic() - start:.0f} s during {life.changes} changes: "
        f"{sure.count((True, True))} let through, {sure.count((False, False))} refused, "
        f"{leaks} leaks, {wrong} wrongly refused, {len(asked) - len(sure)} at a change's instant"
    )
    record_property("random", told)
    with capsys.disabled():
        print(f"\n{told}")
    # GET /v1/models is LiteLLM's own: it looks at its endpoints once it has started
    called = [asked for asked in scene.upstream.asked[before:] if asked != ("/v1/models", {})]
    assert {str(body.get("model")) for _, body in called} <= set(NAMES)
    assert (leaks, wrong) == (0, 0), told
    assert min(sure.count((True, True)), sure.count((False, False))) > REQUESTS / 10
