"""Replays: recorded prompts asked again, of the same model week by week, and of its successor.

Enters: the frozen golden answers, the prompts that owners recorded, and what endpoints answer now.
Leaves: `ReplayRun` and `Replay` rows, incidents where the model is not the one that was frozen,
and a report an owner on the successor. Always holds: a row stands before each call, so a kill
leaves only the calls under way in doubt, and no run makes more calls than its ceiling; nothing is
called the same for want of evidence; other names, stop reasons and refusals are told beside the
test, never in it.
"""
