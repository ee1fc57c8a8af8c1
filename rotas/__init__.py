"""Work that goes round, and the authority that goes with it.

Words: a *duty* (« rôle ») is a kind of work; a *slot* (« tour ») is a duty at one time, of a weekly *pattern*, opened
once, or opened by a *source* (a meal, a workshop); whoever has it has a *holding*; a *swap* asks for somebody in one's
place, for nothing (a *stand-in*) or for another turn; *practice* is how far somebody is in learning a duty.
"""
