"""The dossier: the whole case of one model on one page, made from the records alone.

Enters: all rows of one model. Leaves: values for `dossier.html.j2`. Always holds: the same records
make the same page; a template adds no fact; what is not recorded is said to be so; a section that
tells of people, keys or decisions tells who, when and with which key.
"""
