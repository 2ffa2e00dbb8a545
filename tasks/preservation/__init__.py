"""Preservation: whole copies that anybody can check.

Enters: a folder of weights, read once, as opaque bytes. Leaves: a `Package` (its id tells the
model and the payload's manifest) and one BagIt 1.0 bag a replica, checkable with `sha256sum` alone.
Always holds: a replica is `verified` only after every byte was read back and hashed; what is
damaged is set aside, never overwritten; repair goes from what verifies, never to it.
"""
