"""Validation: what each answer says, and whether it is the model's own and steady.

Enters: the conversations of the registered design, and the codebook whose digest the design holds.
Leaves: one `Coding` row a coder and answered conversation (a third where two disagree on a theme),
with a reading for each theme that was asked about; after each wave one `Standing` row a theme, from
which the next wave is planned; and one `Verdict` row a theme, with its posterior and evidence, once
nothing more is asked.
Always holds: a coder sees the answer and the whole codebook, never the question, its kind, setting,
wave, or which themes were asked about; a quote that is not in the answer, or only repeats the
interviewer, makes its reading unusable; refused, empty, truncated and failed conversations are
counted as missing and never as "no preference"; answers that open coding reads never count;
`stable` needs the posterior and the days; the same records give the same verdict, number for
number.
"""
