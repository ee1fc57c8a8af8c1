"""What happens at Stripe: somebody pays or does not, a session expires, money goes back, is disputed, is paid out.

Each writes the things it changes and the events that tell of it, in Stripe's order. Call them inside `changing()`.
"""

from dataclasses import dataclass

from rehearsal import objects
from rehearsal.errors import Invalid, Refusal
from rehearsal.parameters import Form
from rehearsal.store import Store, Thing, snapshot

# The version of the API that is rehearsed: that of stripe 16.1. Compared with the library's in the tests.
API_VERSION = "2026-10-28.endive"

# docs.stripe.com/payments/checkout/managing-limited-inventory, in seconds.
LEAST_LIFE = 30 * 60
MOST_LIFE = 24 * 3600
# The least a card can be charged in euros, in cents: docs.stripe.com/currencies#minimum-and-maximum-charge-amounts.
LEAST_CENTS = 50


@dataclass(frozen=True)
class Cause:
    """The request that made it happen, if one did: its events name it."""

    request: str | None = None
    key: str | None = None


NOBODY = Cause()


def tell(store: Store, sort: str, thing: Thing, cause: Cause = NOBODY, previous: Thing | None = None) -> Thing:
    """An event: what the thing is like now, and for updates what it was before."""
    data = {"object": snapshot(thing)}
    if previous:
        data["previous_attributes"] = previous
    event = store.make(
        "event",
        api_version=API_VERSION,
        data=data,
        livemode=thing.get("livemode", False),
        pending_webhooks=1,
        request={"id": cause.request, "idempotency_key": cause.key},
        type=sort,
    )
    store.waiting.append(event["id"])
    return event


# ------------------------------------------------------------------------------------------------ sessions


def open_session(store: Store, asked: Form, address: str) -> Thing:
    now = store.now()
    expires = asked.get("expires_at", now + MOST_LIFE)
    if expires < now + LEAST_LIFE:
        raise Invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", param="expires_at"
        )
    if expires > now + MOST_LIFE:
        raise Invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", param="expires_at"
        )
    total = sum(line["price_data"]["unit_amount"] * line.get("quantity", 1) for line in asked["line_items"])
    if total < LEAST_CENTS:
        raise Invalid("The Checkout Session's total amount must convert to at least 50 cents.", code="amount_too_small")
    if total > 99_999_999:
        raise Invalid("The Checkout Session's total amount must be no more than €999,999.99.", code="amount_too_large")
    return objects.session(store, asked, address)


def must_be_open(session: Thing, done: str) -> None:
    if session["status"] != "open":
        raise Refusal(
            f'Only Checkout Sessions with a status in ["open"] can be {done}. This Session has a status of '
            f"`{session['status']}`."
        )


def expire(store: Store, session: Thing, cause: Cause = NOBODY) -> Thing:
    must_be_open(session, "expired")
    session |= {"status": "expired", "url": None}
    tell(store, "checkout.session.expired", session, cause)
    return session


def pass_time(store: Store) -> None:
    """What the clock does by itself: sessions expire, money becomes available."""
    now = store.now()
    for session in list(store.things["checkout.session"].values()):
        if session["status"] == "open" and session["expires_at"] <= now:
            with store.changing():
                expire(store, session)
    for moved in list(store.things["balance_transaction"].values()):
        if moved["status"] == "pending" and moved["available_on"] <= now:
            with store.changing():
                moved["status"] = "available"


# ------------------------------------------------------------------------------------------------ paying


def intent_of(store: Store, session: Thing) -> Thing:
    """The session's, made when a card is tried for the first time."""
    known = store.aside[session["id"]].get("tried")
    if known is not None:
        return store.find("payment_intent", known)
    intent = objects.payment_intent(store, session)
    store.aside[session["id"]]["tried"] = intent["id"]
    tell(store, "payment_intent.created", intent)
    return intent


def try_card(store: Store, session: Thing, *, code: str = "card_declined") -> Thing:
    """The bank says no: the session stays open."""
    must_be_open(session, "paid")
    intent = intent_of(store, session)
    failed = objects.charge(
        store, intent, status="failed", failure_code=code, failure_message="Your card was declined."
    )
    intent |= {"latest_charge": failed["id"]}
    tell(store, "charge.failed", failed)
    tell(store, "payment_intent.payment_failed", intent)
    return intent


def pay(store: Store, session: Thing, *, later: bool = False) -> Thing:
    """It is paid; with `later` by a method that takes days: the session is complete, and unpaid."""
    must_be_open(session, "paid")
    intent = intent_of(store, session)
    session |= {
        "status": "complete",
        "payment_intent": intent["id"],
        "url": None,
        "customer_details": {
            "address": None,
            "business_name": None,
            "individual_name": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
            **objects.PAYER,
        },
    }
    if later:
        intent["status"] = "processing"
        tell(store, "payment_intent.processing", intent)
    else:
        take(store, session, intent)
    tell(store, "checkout.session.completed", session)
    return session


def take(store: Store, session: Thing, intent: Thing) -> None:
    taken = objects.charge(
        store, intent, amount_captured=intent["amount"], captured=True, paid=True, status="succeeded"
    )
    moved = objects.move(store, "charge", taken["amount"], taken["id"], fee=objects.fee_of(taken["amount"]))
    taken["balance_transaction"] = moved["id"]
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": taken["id"]}
    session["payment_status"] = "paid"
    tell(store, "charge.succeeded", taken)
    tell(store, "payment_intent.succeeded", intent)


def arrive(store: Store, session: Thing, *, came: bool) -> Thing:
    """A payment that took days has come, or has not."""
    intent = store.find("payment_intent", session["payment_intent"] or "")
    if intent["status"] != "processing":
        raise Refusal(f"This PaymentIntent's status is {intent['status']}.")
    if came:
        take(store, session, intent)
        tell(store, "checkout.session.async_payment_succeeded", session)
    else:
        intent["status"] = "requires_payment_method"
        tell(store, "payment_intent.payment_failed", intent)
        tell(store, "checkout.session.async_payment_failed", session)
    return session


# ------------------------------------------------------------------------------------------------ giving back


def charge_of(store: Store, asked: Form) -> Thing:
    """The charge that is to be given back."""
    if ("charge" in asked) == ("payment_intent" in asked):
        raise Refusal("You must provide either a charge or a payment_intent, and not both.", param="charge")
    if "charge" in asked:
        return store.find("charge", asked["charge"], param="charge")
    intent = store.find("payment_intent", asked["payment_intent"], param="payment_intent")
    if intent["status"] != "succeeded":
        raise Refusal(f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    return store.find("charge", intent["latest_charge"])


def give_back(store: Store, asked: Form, cause: Cause = NOBODY, *, later: bool = False) -> Thing:
    charge = charge_of(store, asked)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if charge["disputed"]:
        raise Refusal(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if left == 0:
        raise Refusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    cents = asked.get("amount", left)
    if cents > left:
        raise Refusal(
            f"Refund amount (€{cents / 100:.2f}) is greater than unrefunded amount on charge (€{left / 100:.2f})",
            param="amount",
        )
    refund = objects.refund(store, charge, cents, asked)
    refund["balance_transaction"] = objects.move(store, "refund", -cents, refund["id"])["id"]
    charge["amount_refunded"] += cents
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    if not later:
        refund["status"] = "succeeded"
    tell(store, "refund.created", refund, cause)
    tell(store, "charge.refunded", charge, cause, {"amount_refunded": charge["amount_refunded"] - cents})
    return refund


def refund_settles(store: Store, refund: Thing) -> Thing:
    """A refund that was pending has reached the bank."""
    if refund["status"] != "pending":
        raise Refusal(f"This refund's status is {refund['status']}.")
    refund["status"] = "succeeded"
    for sort in ("refund.updated", "charge.refund.updated"):
        tell(store, sort, refund, previous={"status": "pending"})
    return refund


def refund_fails(store: Store, refund: Thing) -> Thing:
    """The bank sends it back, days later perhaps: the money is in the balance again (docs.stripe.com/refunds).

    That the charge counts it no longer is our reading: Stripe's documents do not say.
    """
    if refund["status"] not in ("pending", "succeeded"):
        raise Refusal(f"This refund's status is {refund['status']}.")
    previous = {"status": refund["status"]}
    charge = store.find("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    moved = objects.move(store, "refund_failure", refund["amount"], refund["id"])
    refund |= {
        "status": "failed",
        "failure_reason": "lost_or_stolen_card",
        "failure_balance_transaction": moved["id"],
    }
    tell(store, "refund.failed", refund)
    for sort in ("refund.updated", "charge.refund.updated"):
        tell(store, sort, refund, previous=previous)
    return refund


# ------------------------------------------------------------------------------------------------ disputes, payouts


def dispute(store: Store, charge: Thing) -> Thing:
    """Whoever paid tells their bank that they did not: the money is taken back at once, and a fee with it."""
    if charge["disputed"] or not charge["paid"]:
        raise Refusal(f"Charge {charge['id']} cannot be disputed.")
    made = objects.dispute(store, charge)
    charge["disputed"] = True
    move_for(store, made, -made["amount"], fee=objects.DISPUTE_CENTS, category="dispute")
    tell(store, "charge.dispute.created", made)
    tell(store, "charge.dispute.funds_withdrawn", made)
    return made


def move_for(store: Store, made: Thing, cents: int, *, fee: int, category: str) -> None:
    """A dispute shows its moves of money whole."""
    moved = objects.move(store, "adjustment", cents, made["id"], fee=fee, category=category)
    made["balance_transactions"].append(moved)


def close_dispute(store: Store, made: Thing, *, won: bool) -> Thing:
    if made["status"] in ("won", "lost"):
        raise Refusal(f"This dispute's status is {made['status']}.")
    made["status"] = "won" if won else "lost"
    if won:
        move_for(store, made, made["amount"], fee=0, category="dispute_reversal")
    tell(store, "charge.dispute.closed", made)
    if won:
        tell(store, "charge.dispute.funds_reinstated", made)
    return made


def pay_out(store: Store) -> Thing:
    """All that is in the balance goes to the bank, as if the days until it is available had gone by."""
    moves = [moved for moved in store.things["balance_transaction"].values() if "payout" not in aside(store, moved)]
    cents = sum(moved["net"] for moved in moves)
    if cents <= 0:
        raise Refusal("You have insufficient funds in your Stripe account.", code="balance_insufficient")
    made = objects.payout(store, cents)
    tell(store, "payout.created", made)
    own = objects.move(store, "payout", -cents, made["id"])
    for moved in (own, *moves):
        moved["status"] = "available"
        aside(store, moved)["payout"] = made["id"]
    made |= {"balance_transaction": own["id"], "status": "paid", "reconciliation_status": "completed"}
    tell(store, "payout.paid", made)
    tell(store, "payout.reconciliation_completed", made)
    return made


def payout_fails(store: Store, made: Thing) -> Thing:
    """The bank sends it back, some days after it counted as paid: the money is in the balance again."""
    if made["status"] != "paid":
        raise Refusal(f"This payout's status is {made['status']}.")
    moved = objects.move(store, "payout_failure", made["amount"], made["id"])
    made |= {
        "status": "failed",
        "failure_code": "account_closed",
        "failure_message": "The bank account has been closed.",
        "failure_balance_transaction": moved["id"],
    }
    tell(store, "payout.failed", made)
    return made


def aside(store: Store, thing: Thing) -> Thing:
    return store.aside.setdefault(thing["id"], {})
