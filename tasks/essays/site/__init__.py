"""The public site of essays.

What enters: each model's slots, configuration and policy, and transparency reports as they are.
What leaves: pages and feeds, in the order in which they become public. What always holds: every
slot is told of with its outcome; the disclaimer stands on every page and in every item; nothing of
a page runs, or is fetched from elsewhere; the same records give the same bytes.

`content` what pages are about · `outcomes` a slot in public words · `origins` how an essay came
about · `plan` which pages there are · `feeds` · `build` making those that changed.
"""
