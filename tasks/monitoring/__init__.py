"""Monitoring: what is used, said with its uncertainty, and one page that shows the whole case.

Enters: the usage log, and everything that the records hold. Leaves: `Report` rows, `usage.json` and
`usage.md`, and the dossier. Always holds: a log that is missing, empty, partial or unreadable is
said to be so and never read as zero; the dossier changes only when the records do.
"""
