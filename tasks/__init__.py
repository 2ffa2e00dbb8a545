"""The work of a retirement, one package a stage, and the parts that stages share.

Imports point one way: stages -> wiring -> adapters -> ports, records -> kernel. Stages do not
know one another; what one needs of another it reads from the records.
"""
