"""Candidate: the retirement is opened, and the endpoint's own dates are compared with ours.

Enters: a checked configuration. Leaves: a `Retirement` row with the configuration in force,
`LifecycleCheck` rows, and `HoldLift` rows of signed acts. Always holds: an endpoint that says
`deprecated` with a past date is overdue, never taken for retired; a disagreement about dates blocks
until a person settles it; no file alone cuts a promised notice short, changes a registered design,
or lifts a legal hold.
"""
