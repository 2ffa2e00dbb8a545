"""Gateway: grants and keys as records and gateway know them, and how they are kept the same.

Enters: `Grant` rows. Leaves: `GrantKey`, `Revocation` and `GatewayCheck` rows, the signed grants
file, keys at the gateway. Always holds: a key itself is never kept, what is written is read from
the records within one lock, and nothing that a person closed is opened again.
"""
