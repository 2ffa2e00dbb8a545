"""Statistics of daily figures, with stated error. Pure.

Enters: figures a day, a baseline period, what change is to be found. Leaves: an alarm with its day,
a claim with its evidence, rates with their intervals, a change of mix with its movers. Always
holds: an alarm only says that people are to look; a claim is made by an e-process alone; a day
without figures is no day, never zero.
"""
