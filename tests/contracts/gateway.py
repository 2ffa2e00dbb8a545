"""What every gateway does, whatever enforces behind it.

An adapter's test subclasses `GatewayContract` as `Test...` and gives the fixtures `gateway` and
`lets_through`: whether a key opens a model there, seen from a caller's side.
"""

import threading
from collections.abc import Callable
from dataclasses import replace

from tasks.ports.gateway import AccessGateway, GrantedAccess, IssuedKey, KeyAtGateway
from tests.fakes.clock import FakeClock
from tests.fakes.grants import MODEL, NAMES, granted

LetsThrough = Callable[[str, str], bool]


def given(gateway: AccessGateway, grant: GrantedAccess) -> tuple[IssuedKey, GrantedAccess]:
    """A key under a grant, issued and told of."""
    key = gateway.issue(grant, "acme")
    grant = replace(grant, keys=(*grant.keys, KeyAtGateway(key.token_id, grant.id, "acme")))
    gateway.apply(MODEL, NAMES, [grant], {})
    return key, grant


class GatewayContract:
    """Behaviour that access relies on."""

    def test_a_key_opens_its_model_and_no_other(
        self, gateway: AccessGateway, lets_through: LetsThrough, clock: FakeClock
    ) -> None:
        key, _ = given(gateway, granted(clock.now()))
        assert [lets_through(key.key, name) for name in NAMES] == [True, True]
        assert not lets_through(key.key, "aster-2")
        assert not lets_through("sk-somebody-elses", MODEL)

    def test_a_key_opens_its_own_grants_names_and_not_all_of_the_model(
        self, gateway: AccessGateway, lets_through: LetsThrough, clock: FakeClock
    ) -> None:
        key, grant = given(gateway, granted(clock.now(), names=NAMES[:1]))
        assert [lets_through(key.key, name) for name in NAMES] == [True, False]
        for names in (NAMES[1:], ()):
            grant = replace(grant, names=names)
            gateway.apply(MODEL, NAMES, [grant], {})
            gateway.amend(key.token_id, grant)
            assert [lets_through(key.key, name) for name in NAMES] == [False, bool(names)]

    def test_a_key_ends_with_its_grant(
        self, gateway: AccessGateway, lets_through: LetsThrough, clock: FakeClock
    ) -> None:
        key, _ = given(gateway, granted(clock.now(), days=1))
        clock.advance(days=1, seconds=-2)
        assert lets_through(key.key, MODEL)
        clock.advance(seconds=2)
        assert not lets_through(key.key, MODEL)

    def test_a_revoked_key_opens_nothing_twice_over(
        self, gateway: AccessGateway, lets_through: LetsThrough, clock: FakeClock
    ) -> None:
        first, grant = given(gateway, granted(clock.now()))
        second, grant = given(gateway, grant)
        gateway.revoke(first.token_id)
        gateway.revoke(first.token_id)
        assert not lets_through(first.key, MODEL)
        assert lets_through(second.key, MODEL)

    def test_revoking_what_is_not_there_is_no_fault(self, gateway: AccessGateway) -> None:
        gateway.revoke("0" * 64)

    def test_it_tells_the_keys_that_open_the_model(
        self, gateway: AccessGateway, clock: FakeClock
    ) -> None:
        key, _ = given(gateway, granted(clock.now()))
        found = gateway.keys(MODEL, NAMES)
        assert found is not None
        assert [(k.token_id, k.grant_id, k.live) for k in found] == [(key.token_id, "g1", True)]
        gateway.revoke(key.token_id)
        left = gateway.keys(MODEL, NAMES)
        assert left is not None
        assert not any(k.live for k in left)

    def test_no_key_stands_where_keys_are_told_of(
        self, gateway: AccessGateway, clock: FakeClock
    ) -> None:
        key, _ = given(gateway, granted(clock.now()))
        assert key.key not in repr(gateway.keys(MODEL, NAMES))
        assert key.key not in repr(key)

    def test_applying_twice_changes_nothing(self, gateway: AccessGateway, clock: FakeClock) -> None:
        grant = granted(clock.now())
        first = gateway.apply(MODEL, NAMES, [grant], {})
        clock.advance(seconds=5)
        again = gateway.apply(MODEL, NAMES, [grant], {})
        assert (first.anew, again.anew, again.where) == (True, False, first.where)
        assert gateway.trouble(MODEL) == ""

    def test_amending_to_what_it_is_keeps_it(
        self, gateway: AccessGateway, lets_through: LetsThrough, clock: FakeClock
    ) -> None:
        key, grant = given(gateway, granted(clock.now()))
        gateway.amend(key.token_id, grant)
        assert lets_through(key.key, MODEL)

    def test_one_writer_at_a_time(self, gateway: AccessGateway) -> None:
        order: list[str] = []

        def second() -> None:
            with gateway.exclusively():
                order.append("second")

        thread = threading.Thread(target=second)
        with gateway.exclusively():
            thread.start()
            thread.join(0.05)
            order.append("first")
        thread.join()
        assert order == ["first", "second"]
