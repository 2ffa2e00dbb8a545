"""The same numbers for Prometheus, for Prefect artifacts and for programs.

Enters: the records, and the latest judgement of the signals. Leaves: numbers with units and labels,
as text exposition in a file or from an endpoint. Always holds: what is not known is absent, never
0; no label carries a secret or a person's name.
"""
