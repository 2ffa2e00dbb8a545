"""Withdrawal: what becomes of callers without a grant, told to the gateway beforehand.

Enters: dates, brownouts, consents, and the decision. Leaves: a plan in the grants file that
gateways read by time, and `WithdrawalAct` rows. Always holds: nobody is refused before access was
decided and granted, whoever holds a grant in force is served, and a pause lets everybody through.
"""
