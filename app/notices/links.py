"""Addresses in mails that do one thing without signing in: signed, so that nothing needs to be kept about them.

A token says what it is for, for whom and about what, and carries a signature (HMAC-SHA-256, cut to 160 bits, RFC 2104,
5) of the installation's secret key: nobody makes one up, and one for stopping a kind of mail answers no offer. Whether
what it asks can still be done is for whoever reads it to see; the log never has them (`app.web.log`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from app.notices.states import STOPPABLE, Kind

_MAC = 20
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class StopLink:
    """Stops mails of this kind to this member."""

    member_id: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class OfferLink:
    """Answers one offer of a domain to this member."""

    member_id: int
    kind: str
    """Of the entry: says which domain to ask."""
    key: str
    """What that domain knows the offer by: another offer of the same place has another key."""


def stop_path(link: StopLink, secret: str) -> str:
    """« Ne plus recevoir ce genre de mail »; also the address of the one-click stop (RFC 8058)."""
    return f"/courrier/{_token('stop', (str(link.member_id), link.kind.value), secret)}/stop"


def read_stop(token: str, secret: str) -> StopLink | None:
    """What this token stops; nothing for one that we did not make."""
    parts = _read(token, "stop", secret)
    if parts is None or len(parts) != 2 or parts[1] not in {kind.value for kind in STOPPABLE}:
        return None
    return StopLink(int(parts[0]), Kind(parts[1]))


def offer_path(link: OfferLink, secret: str) -> str:
    """Where an offer is answered from the mail."""
    return f"/offres/{_token('offer', (str(link.member_id), link.kind, link.key), secret)}"


def read_offer(token: str, secret: str) -> OfferLink | None:
    """Which offer this token answers; nothing for one that we did not make."""
    parts = _read(token, "offer", secret)
    return OfferLink(int(parts[0]), parts[1], parts[2]) if parts is not None and len(parts) == 3 else None


def _token(purpose: str, parts: tuple[str, ...], secret: str) -> str:
    if any("/" in part for part in parts):
        raise ValueError(f"a part that would read as two: {parts}")
    said = "/".join(parts).encode()
    return base64.urlsafe_b64encode(_mac(purpose, said, secret) + said).rstrip(b"=").decode()


def _read(token: str, purpose: str, secret: str) -> list[str] | None:
    if not token.isascii() or len(token) > _LONGEST:
        return None
    try:
        whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    mac, said = whole[:_MAC], whole[_MAC:]
    if not hmac.compare_digest(mac, _mac(purpose, said, secret)):
        return None
    return said.decode().split("/")


def _mac(purpose: str, said: bytes, secret: str) -> bytes:
    if not secret:
        raise ValueError("Links in mails are signed: RESEAU_SECRET_KEY is needed.")
    return hmac.new(secret.encode(), f"{purpose}:".encode() + said, hashlib.sha256).digest()[:_MAC]
