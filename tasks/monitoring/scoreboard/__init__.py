"""The scoreboard: what was decided, beside retiring hard and keeping everything.

Enters: a model's records, as the dossier holds them. Leaves: for each question and each way what is
measured, true by definition, modelled, or not known and why. Always holds: a figure names its
window, its source with digest and how it is counted; what was not measured is not filled in; there
is no letter grade and no total, since nothing measured says how much safety a dollar is worth.
"""
