"""Incidents: what crossed its bound, told once, closed by a person.

Enters: readings of sources, and findings of the other parts of monitoring. Leaves: `Incident`,
`IncidentTelling` and `IncidentAct` rows, and one message a person. Always holds: one finding is one
incident; a message with a receipt is never sent again; no program closes an incident.
"""
