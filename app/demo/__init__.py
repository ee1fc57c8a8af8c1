"""The demonstration: a lively place that never existed, told around today's date.

It goes through the same commands as people do, at past and coming hours, so that what it shows is what the software
does. Nothing of it is reached by `reseau serve`.
"""

from app.demo.bank import Bank, Cards
from app.demo.seeding import PASSWORD, Account, NotEmpty, Stage, accounts, is_seeded, seed

__all__ = ["PASSWORD", "Account", "Bank", "Cards", "NotEmpty", "Stage", "accounts", "is_seeded", "seed"]
