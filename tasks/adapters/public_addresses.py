"""Which addresses of the network a host may be read at."""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address

#: From a host name and a port to its addresses, as text.
Resolve = Callable[[str, int], Sequence[str]]

_UNICAST = ipaddress.ip_network("2000::/3")  # all that is routed; no mapped, NAT64 or local address
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # assigned by protocols; in part public to older versions of ipaddress
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # Azure's own, to machines in it alone
        "2002::/16",  # 6to4, with an IPv4 address inside
        "3fff::/20",  # documentation; public to older versions of ipaddress
    )
)


def system_addresses(host: str, port: int) -> Sequence[str]:
    """What this machine's resolver says, in its order of preference.

    Raises:
        OSError: it knows no address.
        UnicodeError: no host could have that name.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def is_readable(address: str, *, loopback_allowed: bool) -> bool:
    """Whether it is an address of the public internet, or of this machine where that is allowed.

    All others are refused: private, shared (CGNAT), link-local, multicast, reserved, unspecified,
    and IPv6 addresses that carry an IPv4 one (mapped, compatible, NAT64, 6to4, Teredo).
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip.is_loopback and getattr(ip, "ipv4_mapped", None) is None:  # mapped ones are from 3.13 on
        return loopback_allowed
    return _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if not ip.is_global or ip.is_multicast:
        return False
    if isinstance(ip, IPv6Address) and ip not in _UNICAST:
        return False
    return not any(ip in network for network in _NOT_PUBLIC)
