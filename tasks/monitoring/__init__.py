"""Monitoring: what is used, said with its uncertainty, and one page that shows the whole case.

Enters: the usage log, exports of usage, and everything that the records hold. Leaves: `Report` and
`UsageAudit` rows, `usage.json` and `usage.md`, the audit of who still calls with a packet an owner,
and the dossier. Always holds: a log that is missing, empty, partial or unreadable is said to be so
and never read as zero; that nobody calls is only said of a window that the exports cover whole; the
dossier changes only when the records do.
"""
