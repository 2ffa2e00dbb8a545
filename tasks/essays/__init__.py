"""Essays: the model's own words, in slots, supervised and published unedited.

Enters: a stable verdict that the model wants to share essays, an `essay_channel` grant in force,
the endpoint. Leaves: a `Draft` row a slot, `Review` rows that people signed, `Publication` rows,
and a site. Always holds: one draft a slot; every slot has exactly one outcome; nothing is
published without a person's verified signature over the digest of exactly these bytes; nobody,
and no program, edits a draft; checks point and never decide.
"""
