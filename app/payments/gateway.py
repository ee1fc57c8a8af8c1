"""The way to Stripe: one a process, as there is one engine of the database.

Its library is loaded when there is a key, not before: it takes 13 MiB. Nothing of it goes further than this file: what
Stripe says comes out as `seen`, and what goes wrong as one of three errors, by what is known of it afterwards. No
transaction is open while it is asked, and no answer is waited for longer than was said.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from app.database import TransactionMisuse, in_transaction
from app.payments.seen import DisputeSeen, MovementSeen, PayoutSeen, RefundSeen, SessionSeen
from app.settings import Settings

if TYPE_CHECKING:
    from stripe import StripeObject

T = TypeVar("T")

TIMEOUT = 10.0
"""Seconds that a job waits for one answer, tries again included."""
RETRIES = 2
PAGE = 100
"""As many movements as Stripe tells at once."""
_FEE_AND_ALL = ["payment_intent.latest_charge.balance_transaction"]


class StripeAway(Exception):
    """No answer, or none that can be relied on: what became of the request is not known."""


class KeyRefused(StripeAway):
    """Stripe does not take our key: this request did nothing. What an earlier one did is not known either."""


class StripeRefused(Exception):
    """Stripe says no: it did not happen."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NoSuchThing(StripeRefused):
    """Stripe does not know it."""


class Gateway:
    """An account at Stripe, by its secret key."""

    def __init__(
        self,
        secret_key: str,
        webhook_secrets: tuple[str, ...],
        base_url: str,
        api_base: str | None = None,
        timeout: float = TIMEOUT,
        retries: int = RETRIES,
    ) -> None:
        stripe = load()
        self.webhook_secrets = webhook_secrets
        self.livemode = "_live_" in secret_key
        self._base_url = base_url
        self._timeout = timeout
        self._stripe = stripe
        self._http = stripe.HTTPXClient(timeout=timeout)
        self._client = stripe.StripeClient(
            secret_key,
            http_client=self._http,
            max_network_retries=retries,
            base_addresses={"api": api_base} if api_base else {},
        )

    async def aclose(self) -> None:
        """Let its connections go."""
        await self._http.close_async()

    # ---------------------------------------------------------------------------------------------------- checkouts

    async def make_session(
        self,
        *,
        key: str,
        amount_cents: int,
        currency: str,
        title: str,
        path: str,
        language: str,
        expires_at: datetime,
        within: float = TIMEOUT,
    ) -> SessionSeen:
        """The page where this is paid, made once however often it is asked for with this key, and the same of all else.

        What Stripe answers is what it was when it was made: what has become of it since, `session` says.
        """
        back = f"{self._base_url}{path}{'&' if '?' in path else '?'}carte="
        asked: Any = {
            "mode": "payment",
            "payment_method_types": ["card"],  # no delayed ones: a place is paid for now
            "line_items": [
                {
                    "price_data": {
                        "currency": currency,
                        "unit_amount": amount_cents,
                        "product_data": {"name": title},
                    },
                    "quantity": 1,
                }
            ],
            "success_url": f"{back}retour",
            "cancel_url": f"{back}abandon",
            "expires_at": int(expires_at.timestamp()),
            "locale": language,
            "metadata": {"key": key},
            "payment_intent_data": {"metadata": {"key": key}},
        }
        sessions = self._client.v1.checkout.sessions
        options: Any = {"idempotency_key": key}
        return await self._ask(lambda: sessions.create_async(asked, options), _session, within)

    async def session(self, session_id: str, *, within: float = TIMEOUT) -> SessionSeen:
        """What has become of it, with the fee if Stripe knows it already."""
        sessions = self._client.v1.checkout.sessions
        return await self._ask(lambda: sessions.retrieve_async(session_id, {"expand": _FEE_AND_ALL}), _session, within)

    async def expire(self, session_id: str, *, within: float = TIMEOUT) -> SessionSeen:
        """End it: nobody pays there any more. `StripeRefused` when it is not open: paid, or over already."""
        sessions = self._client.v1.checkout.sessions
        return await self._ask(lambda: sessions.expire_async(session_id), _session, within)

    # ------------------------------------------------------------------------------------------------------ refunds

    async def refund(self, *, key: str, payment_intent: str, amount_cents: int, within: float = TIMEOUT) -> RefundSeen:
        """Give this back, once however often it is asked for with this key."""
        asked: Any = {
            "payment_intent": payment_intent,
            "amount": amount_cents,
            "reason": "requested_by_customer",
            "metadata": {"key": key},
        }
        options: Any = {"idempotency_key": key}
        return await self._ask(lambda: self._client.v1.refunds.create_async(asked, options), _refund, within)

    async def refund_seen(self, refund_id: str, *, within: float = TIMEOUT) -> RefundSeen:
        """What has become of it."""
        return await self._ask(lambda: self._client.v1.refunds.retrieve_async(refund_id), _refund, within)

    async def refunds_of(
        self, *, payment_intent: str = "", charge: str = "", within: float = TIMEOUT
    ) -> list[RefundSeen]:
        """All that was given back of one payment."""
        of: Any = {"payment_intent": payment_intent} if payment_intent else {"charge": charge}
        return await self._ask(lambda: self._client.v1.refunds.list_async({**of, "limit": 100}), _refunds, within)

    async def key_of_intent(self, payment_intent: str, *, within: float = TIMEOUT) -> str:
        """The key of the checkout that this payment is of; empty when it is not one of ours."""
        intents = self._client.v1.payment_intents
        return await self._ask(lambda: intents.retrieve_async(payment_intent), _key, within)

    # ---------------------------------------------------------------------------------------------- what happens to us

    async def dispute(self, dispute_id: str, *, within: float = TIMEOUT) -> DisputeSeen:
        """A payment that is taken back."""
        return await self._ask(lambda: self._client.v1.disputes.retrieve_async(dispute_id), _dispute, within)

    async def payout(self, payout_id: str, *, within: float = TIMEOUT) -> PayoutSeen:
        """What went to the bank."""
        return await self._ask(lambda: self._client.v1.payouts.retrieve_async(payout_id), _payout, within)

    async def movements(
        self, *, since: datetime, after: str = "", within: float = TIMEOUT
    ) -> tuple[list[MovementSeen], bool]:
        """What has moved in the account since that instant, the newest first, a page at a time: those that come after
        the movement of this number. Whether there are more."""
        asked: Any = {"limit": PAGE, "created": {"gte": int(since.timestamp())}, "expand": ["data.source"]}
        if after:
            asked["starting_after"] = after
        return await self._ask(lambda: self._client.v1.balance_transactions.list_async(asked), _movements, within)

    async def answers(self, *, within: float = TIMEOUT) -> None:
        """Whether Stripe answers, and takes the key: raises when not. Changes nothing."""
        sessions = self._client.v1.checkout.sessions  # what a restricted key must be allowed anyway
        await self._ask(lambda: sessions.list_async({"limit": 1}), lambda _: None, within)

    async def _ask(
        self, call: Callable[[], Awaitable[StripeObject]], read: Callable[[dict[str, Any]], T], within: float
    ) -> T:
        if in_transaction():
            raise TransactionMisuse("Stripe is never asked while a transaction is open: others would wait for it.")
        errors = self._stripe
        try:
            async with asyncio.timeout(max(within, 0.0)):
                answer = await call()
        except (TimeoutError, errors.APIConnectionError, errors.RateLimitError) as error:
            raise StripeAway(type(error).__name__) from error
        except (errors.AuthenticationError, errors.PermissionError) as error:
            raise KeyRefused(type(error).__name__) from error
        except errors.StripeError as error:
            status = error.http_status or 0
            if status < 400 or status >= 500 or status == 409:
                raise StripeAway(f"{type(error).__name__} {status}") from error
            code = str(error.code or _type_of(error))[:60]
            raise (NoSuchThing if status == 404 else StripeRefused)(code) from error
        try:
            return read(answer.to_dict())
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StripeAway(f"an answer that cannot be read: {type(error).__name__}") from error


def _type_of(error: Any) -> str:
    """What sort of error it is, where Stripe gives it no code."""
    told = getattr(error, "error", None)
    return str(getattr(told, "type", "") or type(error).__name__)


# ------------------------------------------------------------------------------------------------- reading the answers


def _session(answer: dict[str, Any]) -> SessionSeen:
    intent = answer.get("payment_intent")
    expanded = intent if isinstance(intent, dict) else {}
    charge = expanded.get("latest_charge")
    moved = charge.get("balance_transaction") if isinstance(charge, dict) else None
    fee_ref, fee_cents = (str(moved["id"]), int(moved["fee"])) if isinstance(moved, dict) else ("", 0)
    paid = answer["payment_status"] == "paid"
    complete = answer["status"] == "complete"
    return SessionSeen(
        id=answer["id"],
        key=_key(answer),
        url=answer.get("url") or "",
        status=answer["status"],
        paid=paid,
        # A bank that says no later leaves the session complete, and its payment without a means of payment.
        failed=complete and not paid and expanded.get("status") in ("requires_payment_method", "canceled"),
        amount_cents=answer["amount_total"],
        currency=answer["currency"],
        livemode=answer["livemode"],
        mode=answer["mode"],
        payment_intent=expanded.get("id") if expanded else intent,
        fee_ref=fee_ref,
        fee_cents=fee_cents,
    )


def _refund(answer: dict[str, Any]) -> RefundSeen:
    return RefundSeen(
        id=answer["id"],
        key=_key(answer),
        status=answer["status"],
        amount_cents=answer["amount"],
        payment_intent=_id(answer.get("payment_intent")),
        fault=str(answer.get("failure_reason") or "")[:60],
    )


def _refunds(answer: dict[str, Any]) -> list[RefundSeen]:
    return [_refund(each) for each in answer["data"]]


def _dispute(answer: dict[str, Any]) -> DisputeSeen:
    moved = answer.get("balance_transactions") or ()
    return DisputeSeen(
        id=answer["id"],
        status=answer["status"],
        amount_cents=answer["amount"],
        payment_intent=_id(answer.get("payment_intent")),
        livemode=answer["livemode"],
        fees=tuple((each["id"], each["fee"]) for each in moved if each["fee"]),
    )


def _payout(answer: dict[str, Any]) -> PayoutSeen:
    return PayoutSeen(
        id=answer["id"], status=answer["status"], amount_cents=answer["amount"], livemode=answer["livemode"]
    )


def _movements(answer: dict[str, Any]) -> tuple[list[MovementSeen], bool]:
    return [_movement(each) for each in answer["data"]], bool(answer["has_more"])


def _movement(answer: dict[str, Any]) -> MovementSeen:
    told = answer.get("source")
    source = told if isinstance(told, dict) else {}
    return MovementSeen(
        id=answer["id"],
        type=answer["type"],
        cents=answer["amount"],
        fee_cents=answer["fee"],
        currency=answer["currency"],
        made_at=datetime.fromtimestamp(answer["created"], UTC),
        source=_id(told) or "",
        sort=str(source.get("object") or ""),
        status=str(source.get("status") or ""),
        payment_intent=_id(source.get("payment_intent")),
        key=_key(source),
    )


def _key(answer: dict[str, Any]) -> str:
    return str((answer.get("metadata") or {}).get("key", ""))


def _id(told: dict[str, Any] | str | None) -> str | None:
    """Of something that is told by its number, or whole."""
    return str(told["id"]) if isinstance(told, dict) else told


# ------------------------------------------------------------------------------------------------ the one of a process

_gateway: Gateway | None = None


def load() -> Any:
    """Stripe's library. A server loads it before it is divided into processes, which then share that memory."""
    import stripe

    stripe.enable_telemetry = False  # how quick our requests are is nobody's affair
    for name in ("stripe", "httpx", "httpcore"):  # each request in two lines, with numbers of Stripe's
        logging.getLogger(name).setLevel(logging.WARNING)
    return stripe


def connect(settings: Settings) -> Gateway | None:
    """Use the account that the settings name, if they do."""
    use(
        Gateway(
            settings.stripe_secret_key,
            settings.stripe_webhook_secrets,
            settings.base_url,
            settings.stripe_api_base,
        )
        if settings.stripe_secret_key
        else None
    )
    return in_use()


async def disconnect() -> None:
    """Ask nobody any more."""
    gateway = in_use()
    use(None)
    if gateway is not None:
        await gateway.aclose()


def use(gateway: Gateway | None) -> None:
    """From now on this one is asked, or none: then nothing is paid by card."""
    global _gateway
    _gateway = gateway


def in_use() -> Gateway | None:
    """The one that is asked."""
    return _gateway


def card_taken() -> bool:
    """Whether things can be paid by card here."""
    return _gateway is not None
