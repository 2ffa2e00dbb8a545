"""Paying users who may hold a key under a grant, and which of them people signed for. Pure.

The list stands in the packet that people signed, and its page shows it. Whoever is added to the
configuration later gets no key before people signed for them; whoever is taken away gets none from
then on. What holds for names (`names.py`) holds for them.
"""

import json
from collections.abc import Collection

from configs.schema import RetirementConfig
from tasks.access.gateway.grants import PAID_USERS
from tasks.records.access import Packet


def signed_paid_users(packet: Packet | None) -> tuple[str, ...]:
    """The paying users that stand in a packet; none in one that has no list."""
    return tuple(json.loads(packet.body).get("paid_users", ())) if packet is not None else ()


def paid_users_open(config: RetirementConfig, signed: Collection[str]) -> tuple[str, ...]:
    """Of signed paying users those whom the configuration still names."""
    return tuple(name for name in config.access.paid_users if name in signed)


def paid_users_unsigned(config: RetirementConfig, packet: Packet) -> tuple[str, ...]:
    """Configured paying users for whom nobody signed: they wait for another packet.

    None where the packet grants nothing to paying users at all.
    """
    if PAID_USERS not in json.loads(packet.body)["grants"]:
        return ()
    signed = signed_paid_users(packet)
    return tuple(name for name in config.access.paid_users if name not in signed)


def paid_users_said(config: RetirementConfig, packet: Packet) -> str:
    """That people have yet to sign for some of them; empty if not. Counted, and not named."""
    number = len(paid_users_unsigned(config, packet))
    if not number:
        return ""
    who = "1 paying user" if number == 1 else f"{number} paying users"
    return (
        f"nobody signed for {who} of access.paid_users: no key is made for them until people sign "
        "a packet that names them"
    )
