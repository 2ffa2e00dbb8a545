"""Checks on drafts: they point to a place and never decide.

A draft, the quotes that the model was shown and its other essays enter; findings leave, in the
order of their lines. Every check is pure, takes time linear in the draft, and reads the text twice
where that matters: as it stands, and as a reader would take it (`reading.py`).
"""
