"""One rule for addresses, wherever one is entered: it takes what a mail can be made for, and nothing else."""

from __future__ import annotations

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notices.rules import is_address, plain_address

GOOD = [
    "samira@exemple.fr",
    "Samira.B+reseau@sous.exemple.fr",
    "o'neil@exemple.ie",
    "s@x.fr",
    "a" * 64 + "@exemple.fr",
    "samira@1and1.fr",
]
BAD = [
    "",
    "samira",
    "@exemple.fr",
    "samira@",
    "samira@exemple",
    "samira@localhost",
    "rené@exemple.fr",
    "a..b@c.fr",
    ".a@c.fr",
    "a.@c.fr",
    "a@c..fr",
    "a@.fr",
    "a@c.fr.",
    "a@-c.fr",
    "a@c-.fr",
    "a@ex_emple.fr",
    "a@192.0.2.1",
    "a@[192.0.2.1]",
    "a b@c.fr",
    "a@c.fr b@d.fr",
    "a@c.fr,b@d.fr",
    "a@b@c.fr",
    "<a@c.fr>",
    '"a"@c.fr',
    "a@c.fr\n",
    "a@c.fr\r\nBcc: b@d.fr",
    "a" * 65 + "@exemple.fr",
    "a@" + "c" * 64 + ".fr",
    "a@" + "c." * 130 + "fr",
    "a@é\u202e.fr",
    "a@\ud800.fr",
    "a@é" + "x" * 63 + ".fr",
]


@pytest.mark.parametrize("written", GOOD)
def test_what_a_mail_goes_to(written: str) -> None:
    assert is_address(written)
    assert plain_address(written) == written


@pytest.mark.parametrize("written", BAD)
def test_what_no_mail_goes_to(written: str) -> None:
    assert not is_address(written)
    assert plain_address(written) == ""


def test_a_host_with_accents_is_written_as_machines_do() -> None:
    assert plain_address("samira@café.fr") == "samira@xn--caf-dma.fr"


_SIGNS = st.sampled_from("aZ9.-_+@é\u00ad\u3002\uff0e\uff20 \"'<,\r\n%")


@given(
    st.one_of(st.from_regex(r"\A[^@]{1,9}@[^@]{1,9}\.[a-z]{2}\Z"), st.text(_SIGNS, max_size=20), st.text(max_size=20))
)
def test_whatever_is_taken_makes_a_mail_to_one_person(written: str) -> None:
    plain = plain_address(written)
    if plain:
        message = EmailMessage(policy=SMTP)
        message["To"] = Address(addr_spec=plain)
        assert bytes(message).decode("ascii") == f"To: {plain}\r\n\r\n"
