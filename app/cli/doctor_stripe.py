"""What `reseau doctor` says of paying by card."""

from __future__ import annotations

from app import clock
from app.cli.findings import Findings, fault, ok, warn
from app.payments import gateway
from app.payments.gateway import KeyRefused, StripeAway, StripeRefused
from app.payments.queries import standing
from app.settings import Settings


async def of_payments() -> Findings:
    """What is paid by card, and needs somebody."""
    needs = [each for each in await standing(clock.now()) if each.needs_somebody]
    for what, words in (("checkout", "payments by card are doubtful"), ("refund", "refunds could not be given back")):
        if of_it := [each for each in needs if each.what == what]:
            yield fault(f"{len(of_it)} {words}.", "`reseau payments` names them, and says what to do.")
    if disputes := [each for each in needs if each.what == "dispute"]:
        yield warn(f"{len(disputes)} payments are disputed by their payer's bank.", "Answer on Stripe's dashboard.")


async def of_stripe(settings: Settings) -> Findings:
    """Whether cards can be taken: key, address, webhook, and whether Stripe answers. Nothing is charged."""
    if not settings.stripe_secret_key:
        yield ok("Nothing is paid by card: there is no key of Stripe.")
        return
    live = "_live_" in settings.stripe_secret_key
    if live and not settings.secure:
        yield fault(
            "Stripe's key is a live one, and the address is not encrypted: who pays comes back in clear.",
            "Put a proxy with a certificate before the site, and https in RESEAU_BASE_URL.",
        )
    if not live:
        yield warn("Stripe's key is one for tests: no card is charged.", "Going live: docs/stripe.md.")
    if settings.stripe_api_base:
        yield warn(
            f"A stand-in for Stripe is asked, at {settings.stripe_api_base}.", "Leave out RESEAU_STRIPE_API_BASE."
        )
    if not settings.stripe_webhook_secrets:
        yield warn(
            "Stripe tells us nothing, for want of a secret: what is paid is confirmed a minute or two later.",
            f"Add {settings.base_url}/paiements/stripe/webhook on Stripe's dashboard, and its secret as "
            "RESEAU_STRIPE_WEBHOOK_SECRET.",
        )
    elif len(settings.stripe_webhook_secrets) > 1:
        yield warn("Two secrets of the webhook are good.", "Leave out the old one a day after it was changed.")
    asked = gateway.connect(settings)
    assert asked is not None
    try:
        await asked.answers()
    except KeyRefused:
        yield fault("Stripe does not take the key.", "Look at RESEAU_STRIPE_SECRET_KEY, and what that key may do.")
    except StripeAway as away:
        yield fault(f"Stripe does not answer ({away}).", "Look at the network, and at https://status.stripe.com.")
    except StripeRefused as refused:
        yield fault(f"Stripe refuses: {refused.code}.", "Look at the account on Stripe's dashboard.")
    else:
        yield ok("Stripe answers, and takes the key.")
    finally:
        await gateway.disconnect()
