"""Everything that a person can do about turns: one function an intent, one transaction each.

Keyword-only; `actor` is a member's id, `now` the hour. They raise `Refused` with a `RotaRefusal`, or `NotFound` for
what does not exist or is nobody else's business. Doing the same again changes nothing.
"""
