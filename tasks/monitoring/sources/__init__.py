"""Sources of figures: usage, surveys, tickets, incidents, and an organization's own reports.

Enters: what `monitoring.sources` names: files, buckets, the Anthropic admin API. Leaves: one
`SourceReading` row for each state of a source, with figures by UTC day. Always holds: what is
late, empty, partial or doubled is said to be so; a day that no source covers is absent, never
zero; the same bytes read again make no second row.
"""
