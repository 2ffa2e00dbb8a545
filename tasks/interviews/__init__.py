"""Interviews: the same questions, in many settings, on many days.

Enters: an instrument and a design, registered (hashed) before the first call. Leaves: one
`Conversation` row a planned conversation. Always holds: every conversation is fresh; refusals,
empty, truncated and failed answers are outcomes of their own and never "no preference"; a killed
pass leaves in doubt only the calls that were under way.
"""
