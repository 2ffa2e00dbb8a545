"""Which addresses a feed may be read at."""

import pytest

from tasks.adapters.public_addresses import is_readable, system_addresses


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.5.4", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0"),
        *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1"),
        *("100.100.100.200", "192.0.0.192", "168.63.129.16", "203.0.113.9", "127.0.0.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1"),
        *("ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("64:ff9b:1::a00:1", "2002:7f00:1::", "2002:808:808::1", "2001:0:4136:e378::1"),
        *("2001:db8::1", "3fff::1", "100::1", "4000::1", "", "feeds.example", "127.1"),
    ],
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_readable(address, loopback_allowed=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "151.101.0.81", "2606:4700::1111", "2a04:4e42::81"])
def test_an_address_that_is_public(address: str) -> None:
    assert is_readable(address, loopback_allowed=False)


def test_in_a_rehearsal_loopback_is_readable_and_nothing_else() -> None:
    for address in ("127.0.0.1", "127.9.9.9", "::1"):
        assert is_readable(address, loopback_allowed=True)
    for address in ("10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "0.0.0.0", "169.254.169.254"):
        assert not is_readable(address, loopback_allowed=True)


def test_the_systems_resolver() -> None:
    assert "127.0.0.1" in system_addresses("localhost", 80)
    assert system_addresses("127.1", 80) == ("127.0.0.1",)  # so spelling hides nothing
