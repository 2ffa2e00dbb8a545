"""The retirement checklist: every line with its evidence, and the closing that two people sign.

Enters: what the records hold, and people's signed words. Leaves: `ChecklistAct`,
`ClosingSignature` and `Closing` rows. Always holds: what records tell is never ticked by hand, what
they can't tell is never ticked by itself, nothing is closed while a line is open, and a closing is
of the checklist as those who signed it read it.
"""
