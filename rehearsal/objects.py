"""The things of Stripe's API that a payment goes through, with every field that it answers for them.

Amounts are integer cents, moments seconds since 1970. Schemas: docs.stripe.com/api; the tests hold each against
Stripe's OpenAPI.
"""

from typing import Any

from rehearsal.parameters import Form
from rehearsal.store import Store, Thing

# Of a card of the European Economic Area: stripe.com/fr/pricing, per cent and cents.
FEE_PER_CENT = 1.5
FEE_CENTS = 25
# What a dispute costs, whoever wins it (stripe.com/fr/pricing), in cents.
DISPUTE_CENTS = 2000
# Until money that was paid can be paid out, in seconds: three days.
UNTIL_AVAILABLE = 3 * 86_400
# Until a dispute must be answered, in seconds: a week.
UNTIL_ANSWERED = 7 * 86_400

# Who pays here: nobody. Such words must never be found in what asks.
PAYER = {"name": "Personne Quipaie", "email": "personne.quipaie@example.org"}


def fee_of(cents: int) -> int:
    """Stripe's fee on a payment, rounded to the nearest cent."""
    return int(cents * FEE_PER_CENT / 100 + 0.5) + FEE_CENTS


def session(store: Store, asked: Form, address: str) -> Thing:
    total = sum(line["price_data"]["unit_amount"] * line.get("quantity", 1) for line in asked["line_items"])
    now = store.now()
    made = store.make(
        "checkout.session",
        adaptive_pricing={"enabled": asked.get("adaptive_pricing", {}).get("enabled", False)},
        after_expiration=None,
        allow_promotion_codes=None,
        amount_subtotal=total,
        amount_total=total,
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        billing_address_collection=asked.get("billing_address_collection"),
        cancel_url=asked.get("cancel_url"),
        client_reference_id=asked.get("client_reference_id"),
        client_secret=None,
        collected_information=None,
        consent=None,
        consent_collection=None,
        currency="eur",
        currency_conversion=None,
        custom_fields=[],
        custom_text={
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        customer=None,
        customer_account=None,
        customer_creation=asked.get("customer_creation", "if_required"),
        customer_details=None,
        customer_email=asked.get("customer_email"),
        discounts=[],
        expires_at=asked.get("expires_at", now + 86_400),
        invoice=None,
        invoice_creation={
            "enabled": False,
            "invoice_data": {
                "account_tax_ids": None,
                "custom_fields": None,
                "description": None,
                "footer": None,
                "issuer": None,
                "metadata": {},
                "rendering_options": None,
            },
        },
        livemode=False,
        locale=asked.get("locale"),
        metadata=asked.get("metadata", {}),
        mode="payment",
        origin_context=asked.get("origin_context"),
        payment_intent=None,  # as since API version 2022-08-01: made when somebody pays
        payment_link=None,
        payment_method_collection="if_required",
        payment_method_configuration_details=None,
        payment_method_options={"card": {"request_three_d_secure": "automatic"}},
        payment_method_types=asked.get("payment_method_types", ["card"]),
        payment_status="unpaid",
        permissions=None,
        phone_number_collection={"enabled": False},
        recovered_from=None,
        saved_payment_method_options=None,
        setup_intent=None,
        shipping_address_collection=None,
        shipping_cost=None,
        shipping_options=[],
        status="open",
        submit_type=asked.get("submit_type"),
        subscription=None,
        success_url=asked["success_url"],
        total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        ui_mode="hosted_page",
        url=None,
        wallet_options=None,
    )
    made["url"] = f"{address}/c/pay/{made['id']}"
    store.aside[made["id"]] = {
        "intent": asked.get("payment_intent_data", {}),
        "lines": [line_item(made, number, line) for number, line in enumerate(asked["line_items"])],
    }
    return made


def line_item(made: Thing, number: int, line: Form) -> Thing:
    quantity = line.get("quantity", 1)
    data = line["price_data"]
    total = data["unit_amount"] * quantity
    own = f"{made['id'].removeprefix('cs_test_')}{number}"
    return {
        "id": f"li_{own}",
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": data["currency"],
        "description": data["product_data"]["name"],
        "metadata": {},
        "price": {
            "id": f"price_{own}",
            "object": "price",
            "active": False,
            "billing_scheme": "per_unit",
            "created": made["created"],
            "currency": data["currency"],
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": None,
            "product": f"prod_{own}",
            "recurring": None,
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "one_time",
            "unit_amount": data["unit_amount"],
            "unit_amount_decimal": str(data["unit_amount"]),
        },
        "quantity": quantity,
    }


def payment_intent(store: Store, paid: Thing) -> Thing:
    asked = store.aside[paid["id"]]["intent"]
    return store.make(
        "payment_intent",
        amount=paid["amount_total"],
        amount_capturable=0,
        amount_received=0,
        application=None,
        application_fee_amount=None,
        automatic_payment_methods=None,
        canceled_at=None,
        cancellation_reason=None,
        capture_method="automatic_async",
        client_secret=None,
        confirmation_method="automatic",
        currency=paid["currency"],
        customer=None,
        customer_account=None,
        description=asked.get("description"),
        last_payment_error=None,
        latest_charge=None,
        livemode=False,
        metadata=dict(asked.get("metadata", {})),
        next_action=None,
        on_behalf_of=None,
        payment_method=None,
        payment_method_options={"card": {"installments": None, "network": None, "request_three_d_secure": "automatic"}},
        payment_method_types=list(paid["payment_method_types"]),
        processing=None,
        receipt_email=None,
        review=None,
        setup_future_usage=None,
        shipping=None,
        statement_descriptor=None,
        statement_descriptor_suffix=asked.get("statement_descriptor_suffix"),
        status="requires_payment_method",
        transfer_data=None,
        transfer_group=None,
    )


def card() -> Thing:
    """A card as Stripe shows it to who is paid: never its number."""
    return {
        "amount_authorized": None,
        "authorization_code": None,
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "FR",
        "exp_month": 12,
        "exp_year": 2040,
        "fingerprint": None,
        "funding": "debit",
        "installments": None,
        "last4": "4242",
        "mandate": None,
        "network": "cartes_bancaires",
        "network_token": None,
        "network_transaction_id": None,
        "regulated_status": None,
        "three_d_secure": None,
        "wallet": None,
    }


def charge(store: Store, intent: Thing, **facts: Any) -> Thing:
    """Money that was taken, or tried to be: `facts` says whether it came."""
    return store.make(
        "charge",
        **{
            "amount": intent["amount"],
            "amount_captured": 0,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None,
            "billing_details": {"address": None, "phone": None, "tax_id": None, **PAYER},
            "calculated_statement_descriptor": "REPETITION",
            "captured": False,
            "currency": intent["currency"],
            "customer": None,
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "fraud_details": {},
            "livemode": False,
            "metadata": dict(intent["metadata"]),
            "on_behalf_of": None,
            "outcome": None,
            "paid": False,
            "payment_intent": intent["id"],
            "payment_method": None,
            "payment_method_details": {"card": card(), "type": "card"},
            "receipt_email": None,
            "receipt_number": None,
            "receipt_url": None,
            "refunded": False,
            "review": None,
            "shipping": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "pending",
            "transfer_data": None,
            "transfer_group": None,
        }
        | facts,
    )


def refund(store: Store, of: Thing, cents: int, asked: Form) -> Thing:
    return store.make(
        "refund",
        amount=cents,
        balance_transaction=None,
        charge=of["id"],
        currency=of["currency"],
        destination_details={"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
        metadata=asked.get("metadata", {}),
        payment_intent=of["payment_intent"],
        reason=asked.get("reason"),
        receipt_number=None,
        source_transfer_reversal=None,
        status="pending",
        transfer_reversal=None,
    )


def move(store: Store, sort: str, cents: int, source: str, *, fee: int = 0, category: str = "") -> Thing:
    """A balance transaction: every cent that comes or goes is one. `sort` is Stripe's `type`."""
    now = store.now()
    return store.make(
        "balance_transaction",
        amount=cents,
        available_on=now + UNTIL_AVAILABLE if sort == "charge" else now,
        balance_type="payments",
        currency="eur",
        description=None,
        exchange_rate=None,
        fee=fee,
        fee_details=[
            {
                "amount": fee,
                "application": None,
                "currency": "eur",
                "description": "Stripe processing fees",
                "type": "stripe_fee",
            }
        ]
        if fee
        else [],
        net=cents - fee,
        reporting_category=category or sort,
        source=source,
        status="pending" if sort == "charge" else "available",
        type=sort,
    )


EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def dispute(store: Store, of: Thing) -> Thing:
    return store.make(
        "dispute",
        amount=of["amount"] - of["amount_refunded"],
        balance_transactions=[],
        charge=of["id"],
        currency=of["currency"],
        enhanced_eligibility_types=[],
        evidence={**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        evidence_details={
            "due_by": store.now() + UNTIL_ANSWERED,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        is_charge_refundable=False,
        livemode=False,
        metadata={},
        payment_intent=of["payment_intent"],
        reason="general",
        status="needs_response",
    )


def payout(store: Store, cents: int) -> Thing:
    return store.make(
        "payout",
        amount=cents,
        application_fee=None,
        application_fee_amount=None,
        arrival_date=store.now(),
        automatic=True,
        balance_transaction=None,
        currency="eur",
        description="STRIPE PAYOUT",
        destination=None,
        failure_balance_transaction=None,
        failure_code=None,
        failure_message=None,
        livemode=False,
        metadata={},
        method="standard",
        original_payout=None,
        payout_method=None,
        reconciliation_status="in_progress",
        reversed_by=None,
        source_type="card",
        statement_descriptor=None,
        status="in_transit",
        trace_id=None,
        type="bank_account",
    )


def account() -> Thing:
    """Whose account it is: an association's, in France, that may take cards and be paid out."""
    return {
        "id": "acct_repetition",
        "object": "account",
        "business_type": "non_profit",
        "charges_enabled": True,
        "country": "FR",
        "default_currency": "eur",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


def balance(store: Store) -> Thing:
    moves = store.things["balance_transaction"].values()

    def sums(status: str) -> list[Thing]:
        cents = sum(moved["net"] for moved in moves if moved["status"] == status)
        return [{"amount": cents, "currency": "eur", "source_types": {"card": cents}}]

    return {"object": "balance", "available": sums("available"), "livemode": False, "pending": sums("pending")}
