"""What an operator triggers: flows, people's acts, and the `emeritus` command; wiring only."""

from configs.redaction import redact_logs

redact_logs()  # here, since a worker's processes import flows, and never the command
