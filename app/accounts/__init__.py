"""A place's accounts: the ledger, what is bought and given back, the small budget. Of people, payees alone."""
