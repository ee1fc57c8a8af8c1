"""Meals: opened by a member, cooked by a team, eaten together at a price that each can pay.

Words: a *meal* has a menu of *dishes* (with *ingredients* for ten portions), *seats*, and a *team*: turns that it opens
through `rotas.api`. A *booking* is one person's seats at one meal; its *parts* are seats that stand alike (some
confirmed, the rest waiting). The *pot* is what was given for « repas suspendus », in cents.
"""
