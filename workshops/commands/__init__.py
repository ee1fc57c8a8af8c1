"""Everything that a person can do about a workshop: one function an intent, one transaction each.

Keyword-only; `actor` is a member's id, `now` the hour. They raise `Refused` with a `WorkshopRefusal`, or `NotFound` for
what does not exist or is nobody else's business.
"""

from workshops.commands.attending import last_word, tick_present
from workshops.commands.editing import edit
from workshops.commands.hosting import answer_invitation, cancel, invite_host, leave_hosting, reopen, take_over
from workshops.commands.proposing import propose, submit, withdraw_proposal
from workshops.commands.reading import VOTES, block, contest, decide, review_again, say_yes, vote
from workshops.commands.signing_up import answer_offer, sign_up, sign_up_guest, withdraw, withdraw_guest
from workshops.commands.turns import close_turn, open_turn

__all__ = [
    "VOTES",
    "answer_invitation",
    "answer_offer",
    "block",
    "cancel",
    "close_turn",
    "contest",
    "decide",
    "edit",
    "invite_host",
    "last_word",
    "leave_hosting",
    "open_turn",
    "propose",
    "reopen",
    "review_again",
    "say_yes",
    "sign_up",
    "sign_up_guest",
    "submit",
    "take_over",
    "tick_present",
    "vote",
    "withdraw",
    "withdraw_guest",
    "withdraw_proposal",
]
