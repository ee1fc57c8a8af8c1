"""Paying by card: what is asked of Stripe, and what became of it. What is paid for is other domains' affair."""
