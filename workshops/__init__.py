"""Workshops: what members propose to one another, host and attend.

Words: a *proposal* waits for a mediator or for silence; a *published* workshop takes *sign-ups*; when it is full there
is a *waiting list* whose first person gets an *offer*; *hosts* are members; a *guest* is somebody without an account.
"""
