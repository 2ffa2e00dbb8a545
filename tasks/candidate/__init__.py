"""Candidate: the retirement is opened, and the endpoint's own dates are compared with ours.

Enters: a checked configuration. Leaves: a `Retirement` row with the configuration in force, and
`LifecycleCheck` rows. Always holds: an endpoint that says `deprecated` with a past date is overdue,
never taken for retired; a disagreement about dates blocks until a person settles it.
"""
