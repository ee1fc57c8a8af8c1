"""What is said about one's own seats, word for word where it matters: never what anybody pays, never who else comes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.i18n import Text, language
from meals import wording_booking
from meals.wording import Mail

AT = datetime(2026, 12, 4, 11, 30, tzinfo=UTC)
TITLE = "Soupe de lentilles"
ALL = [
    wording_booking.confirmed(TITLE, AT, seats=1, waiting=0, where="Salon, Les Tanneurs"),
    wording_booking.confirmed(TITLE, AT, seats=2, waiting=2, where="Salon, Les Tanneurs"),
    wording_booking.given_back(TITLE, AT),
    wording_booking.offer(TITLE, AT, seats=1, until=AT),
    wording_booking.offer(TITLE, AT, seats=2, until=AT),
    wording_booking.offer_lapsed(TITLE),
    wording_booking.handed(TITLE, AT),
    wording_booking.taken_over(TITLE, AT, seats=1, left=0),
    wording_booking.taken_over(TITLE, AT, seats=2, left=1),
    wording_booking.guest_left(TITLE, AT, first_name="Paul"),
]


def said(mail: Mail) -> str:
    """All of it, in French."""
    french = language("fr")
    items = (mail.subject, *mail.body, mail.action)
    return "\n".join(french.say(item) if isinstance(item, Text) else item for item in items)


@pytest.mark.parametrize("mail", ALL)
def test_no_message_says_what_anybody_pays(mail: Mail) -> None:
    words = said(mail)
    assert "%(" not in words
    assert "€" not in words
    assert "'" not in words
    assert TITLE in words


def test_one_and_several() -> None:
    assert "Ta place est réservée" in said(ALL[0])
    assert "en attente" not in said(ALL[0])
    assert "Tes 2 places sont réservées" in said(ALL[1])
    assert "2 places de plus sont en attente" in said(ALL[1])
    assert "Une place pour toi" in said(ALL[3])
    assert "2 places pour toi" in said(ALL[4])
    assert "2 de tes places" in said(ALL[8])
    assert "Tu gardes une place." in said(ALL[8])
    assert "Tu n’as plus rien à faire, ni à payer." in said(ALL[7])
