"""Evidence: a dossier packed with everything that verifies it, for a stranger without Emeritus.

Enters: a model's rows, the audit chain, signed statements, the dossier's page. Leaves: one zip with
`VERIFY.md`, whose commands need `sha256sum`, `ssh-keygen`, `openssl` and, for the audit chain, a
Python without any package. Always holds: the same records make the same files; no weights and no
secret are packed; what is left out is named; a file that is there is never overwritten.
"""
