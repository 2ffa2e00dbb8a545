"""Communication: owners are told in time, and pages say what happens and what was done.

Enters: the configuration's dates, owners and channels, and what the other stages recorded. Leaves:
`Notice` rows (intent first, each try before it is made, receipt after) with messages in the mail
channel and the webhooks, and `Page` rows with help page, statement, calendars and lifecycle feed.
Always holds: one notice has one id, so a repeat is recognisable; of several dates gone by only the
latest is told; nobody is told other dates than before without being told so, nor a shorter one
without the whole notice period ahead; a page claims nothing that no record supports.
"""
