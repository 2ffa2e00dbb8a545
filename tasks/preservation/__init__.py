"""Preservation: whole copies that anybody can check.

Enters: a folder of weights, read once, as opaque bytes. Leaves: a `Package` (its manifest's digest
is its id) and one BagIt 1.0 bag a replica, checkable with `sha256sum` alone. Always holds: a
replica is `verified` only after every byte was read back and hashed; a damaged bag is set aside,
never overwritten; repair goes from a copy that verifies, never to it.
"""
