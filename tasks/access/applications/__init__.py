"""Applications: researchers ask for access by published criteria, and get an answer in time.

Enters: forms, commands and YAML files. Leaves: `Application` and `ApplicationEvent` rows, letters
to the applicant, a page of criteria, and `research` grants. Always holds: only a signed acceptance
grants, an appeal is decided by somebody else with another key, and what stood when an application
came holds to its end.
"""
