"""A rehearsal of Stripe: Checkout, refunds, events, disputes and payouts, on this machine, without the internet.

It speaks Stripe's API over a real socket, so that Stripe's own library can be pointed at it; it shows a page where
somebody pays with no card; it signs and delivers events. It knows nothing of the program that uses it, and is used by
that program's tests and demonstration only. What it plays is listed in `api.ROUTES` and `parameters`; all else is
refused. It is held against Stripe's OpenAPI in `tests/rehearsal/`. What no rehearsal can show: a bank's risk rules,
3-D Secure, what is set in the dashboard, the order in which true events come.

    with Rehearsal(secret_key="sk_test_…", webhook_secret="whsec_…", webhook_url="http://…") as stripe:
        StripeClient("sk_test_…", base_addresses={"api": stripe.address})
        stripe.pay(session_id)
"""

from rehearsal.delivery import Letter
from rehearsal.errors import Refusal
from rehearsal.stage import Asked, Rehearsal

__all__ = ["Asked", "Letter", "Refusal", "Rehearsal"]
