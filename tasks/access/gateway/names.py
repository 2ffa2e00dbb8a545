"""Names under which a gateway serves a model, and which of them people signed for. Pure.

A grant opens the names that stand in the packet under which it was made, and of those only what
the configuration still gives the model. So a name that is added opens nothing before people signed
for it, and one that is taken away is closed at once.
"""

import json
from collections.abc import Collection

from configs.schema import RetirementConfig
from tasks.records.access import Packet


def gateway_names(config: RetirementConfig) -> tuple[str, ...]:
    """Names under which the gateway serves the model, as configured."""
    return config.access.gateway.model_names or (config.endpoint.model,)


def signed_names(packet: Packet | None) -> tuple[str, ...]:
    """The names that stand in a packet; none in one of the format before."""
    return tuple(json.loads(packet.body).get("names", ())) if packet is not None else ()


def names_open(config: RetirementConfig, signed: Collection[str]) -> tuple[str, ...]:
    """Of signed names those that the configuration still gives the model."""
    return tuple(name for name in gateway_names(config) if name in signed)


def names_unsigned(config: RetirementConfig, packet: Packet) -> tuple[str, ...]:
    """Configured names for which nobody signed with this packet: they wait for another."""
    signed = signed_names(packet)
    return tuple(name for name in gateway_names(config) if name not in signed)


def names_said(config: RetirementConfig, packet: Packet) -> str:
    """How configured names differ from those of a decided packet; empty if they don't."""
    added = names_unsigned(config, packet)
    gone = [name for name in signed_names(packet) if name not in gateway_names(config)]
    parts = [
        f"nobody signed for the gateway name {', '.join(added)}: nothing of this counts for it "
        "until people sign a packet that names it"
        if added
        else "",
        f"{', '.join(gone)} is no gateway name of the model any more: grants do not open it"
        if gone
        else "",
    ]
    return "; ".join(part for part in parts if part)
