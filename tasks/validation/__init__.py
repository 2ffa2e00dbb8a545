"""Validation: what each answer says, and whether it is the model's own and steady.

Enters: the conversations of the registered design, and the codebook whose digest the design holds.
Leaves: one `Coding` row a coder and answered conversation (a third where two disagree), and one
`Verdict` row a theme, with its posterior and evidence, once all waves are over.
Always holds: a coder sees the answer and the theme, never the question, its kind, setting or wave;
a quote that is not in the answer makes its coding unusable; refused, empty, truncated and failed
conversations are counted as missing and never as "no preference"; `stable` needs the posterior and
the days; the same records give the same verdict, number for number.
"""
