"""The planted respondent: a simulated model whose preferences we know, behind real HTTP.

It is the demo's model and the bench on which the pipeline is proved: since its preferences
were planted by a YAML, a verdict about them can be right or wrong.

Enters:
    A planted world (`worlds/demo.yaml` is one), the instrument that it names, and requests in
    the Anthropic Messages format.
Leaves:
    Prose in the same format, as a model would write it; and, for the demo, a folder in a real
    model format (`weights`) and a usage log (`usage`).
Always holds:
    - A respondent answers in sentences only. No code of the codebook stands in an answer, and a
      coder model reads nothing but the answer's words: the two share no state.
    - A fresh server with the same world and the same calls repeats itself word for word; the same
      question asked again is answered afresh.
    - Every response carries `emeritus-simulated: planted-respondent`.
    - The server listens on 127.0.0.1 alone and calls nothing.
"""
