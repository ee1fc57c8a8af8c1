"""Mediation: the desk where what waits for a mediator is gathered, conflicts, and requests for help."""
