"""Communication: owners are told in time, and two pages say what happens and what was done.

Enters: the configuration's dates and owners, and what the other stages recorded. Leaves: `Notice`
rows (intent first, receipt after) with messages in the notifier, and `Page` rows with a help page
and a statement. Always holds: one notice has one id, so a kill costs no second message; of several
dates gone by only the latest is told; a page claims nothing that no record supports.
"""
