"""Everything that a person can do about turns: one function an intent, one transaction each.

Keyword-only; `actor` is a member's id, `now` the hour. They raise `Refused` with a `RotaRefusal`, or `NotFound` for
what does not exist or is nobody else's business. Doing the same again changes nothing.
"""

from rotas.commands.claiming import ClaimResult, claim, claim_for_guest, give_guest_back, watch
from rotas.commands.giving_up import ask_stand_in, free, propose_swap, withdraw_swap
from rotas.commands.swapping import decline, settle
from rotas.commands.weekly import end_weekly, hold_weekly

__all__ = [
    "ClaimResult",
    "ask_stand_in",
    "claim",
    "claim_for_guest",
    "decline",
    "end_weekly",
    "free",
    "give_guest_back",
    "hold_weekly",
    "propose_swap",
    "settle",
    "watch",
    "withdraw_swap",
]
