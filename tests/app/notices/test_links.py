"""Addresses in mails that do one thing: what we signed is read back, anything else is nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notices.links import OfferLink, StopLink, offer_path, read_offer, read_stop, stop_path
from app.notices.rules import is_path
from app.notices.states import STOPPABLE, Kind
from app.web.log import path_without_secret

SECRET = "a secret for tests, long enough to serve"
STOP = StopLink(12, Kind.REMINDER)
OFFER = OfferLink(12, "workshop", "812-1764000000000")


def token(path: str) -> str:
    return path.split("/")[2]


class TestWhatWeSigned:
    @pytest.mark.parametrize("kind", STOPPABLE)
    def test_a_stop_says_whose_and_which(self, kind: Kind) -> None:
        path = stop_path(StopLink(12, kind), SECRET)
        assert is_path(path)
        assert path.startswith("/courrier/")
        assert path.endswith("/stop")
        assert read_stop(token(path), SECRET) == StopLink(12, kind)

    @given(
        st.integers(1, 2**31),
        st.from_regex(r"[a-z_]{1,20}", fullmatch=True),
        st.from_regex(r"[0-9-]{1,40}", fullmatch=True),
    )
    def test_an_offer_says_whose_and_what(self, member: int, kind: str, key: str) -> None:
        link = OfferLink(member, kind, key)
        assert read_offer(token(offer_path(link, SECRET)), SECRET) == link

    def test_it_is_the_same_each_time(self) -> None:
        assert stop_path(STOP, SECRET) == stop_path(STOP, SECRET)


class TestWhatWeDidNot:
    def test_one_does_not_do_for_the_other(self) -> None:
        assert read_offer(token(stop_path(STOP, SECRET)), SECRET) is None
        assert read_stop(token(offer_path(OFFER, SECRET)), SECRET) is None

    def test_another_installation_made_it(self) -> None:
        assert read_stop(token(stop_path(STOP, "another secret, long enough to serve")), SECRET) is None

    def test_no_sign_of_it_may_change(self) -> None:
        good = token(stop_path(STOP, SECRET))
        for place in range(len(good)):
            for sign in "Aa0-_":
                changed = good[:place] + sign + good[place + 1 :]
                # The last sign holds bits that belong to no byte: another spelling of the same token is the same token.
                assert changed == good or read_stop(changed, SECRET) in (None, STOP if place == len(good) - 1 else None)

    @given(st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_-]{0,80}", fullmatch=True))
    def test_anything_else_is_nothing(self, written: str) -> None:
        assert read_stop(written, SECRET) is None
        assert read_offer(written, SECRET) is None

    def test_without_a_secret_none_is_made(self) -> None:
        with pytest.raises(ValueError, match="RESEAU_SECRET_KEY"):
            stop_path(STOP, "")


def test_the_log_has_none_of_them() -> None:
    for path in (stop_path(STOP, SECRET), offer_path(OFFER, SECRET)):
        assert token(path) not in path_without_secret(path)
