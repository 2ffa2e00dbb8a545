"""The retrospective: what a period showed, and the changes of configuration that it proposes.

Enters: the records, and the model's YAML file. Leaves: `Retrospective` rows, `retrospective.md` and
`retrospective.patch` in the reports folder. Always holds: nothing changes by itself; every proposal
names the rows that it rests on; a patch applies to the file as it was read, gives a configuration
that loads, and touches nothing that was registered or signed.
"""
