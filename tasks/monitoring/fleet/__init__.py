"""The fleet page: every model under retirement on one page, a row each.

Enters: each model's records, as its dossier holds them. Leaves: `fleet.html` beside the dossiers.
Always holds: it is made from the records alone, so that the same records make the same bytes; what
is not known of a model is said to be so, and is left out of no total silently.
"""
