"""Which decision packet people signed. Pure."""

from tasks.monitoring.dossier.holdings import Dossier
from tasks.records.access import Packet
from tasks.records.decisions import needed


def decided_packet(held: Dossier) -> Packet | None:
    """The latest packet under which enough people's approvals are recorded; None without one.

    It tells what the records say; whether each signature verifies is for the pass, and for whoever
    runs the commands of an evidence package.
    """
    for packet in reversed(held.packets):
        signed = [row for row in held.approvals if row.packet_digest == packet.digest]
        if len(signed) >= needed(packet):
            return packet
    return None
