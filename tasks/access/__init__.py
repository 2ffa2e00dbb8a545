"""Access: a proposal with its grounds, decided by people who sign it.

Enters: verdicts, the package, risk and cost. Leaves: a `Packet` (canonical JSON), `Approval` rows,
and, once enough different people signed, `Grant` rows handed to a gateway. Always holds: without
the signatures nothing is granted; any change of the packet voids them, since they are made under
its digest; neither one key under two names nor the proposer counts.
"""
