"""The second code as figures: the codes of RFC 6238, the half minutes that count, what is made of which key."""

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest

from app.identity.rules import needs_second_factor
from app.identity.second import (
    HOW_MANY_CODES,
    address_of,
    code_at,
    hash_recovery_code,
    in_fours,
    make_recovery_codes,
    mark_of,
    read_recovery_code,
    secret_of,
    seed_for,
    step_of,
    step_shown,
)
from tests.client import NOON

OF_THE_RFC = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    """RFC 6238, appendix B, SHA-1, the last six of the eight digits."""
    assert code_at(OF_THE_RFC, step_of(datetime.fromtimestamp(at, UTC))) == code


@pytest.mark.parametrize(("around", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_the_half_minutes_around_now_count(around: int, taken: bool) -> None:
    code = code_at(OF_THE_RFC, step_of(NOON) + around)
    assert step_shown(OF_THE_RFC, code, NOON) == (step_of(NOON) + around if taken else None)


@pytest.mark.parametrize("written", ["", "00000", "0000000", "abcdef", "\ud800", "²²²²²²"])
def test_what_is_no_code_fits_nothing(written: str) -> None:
    assert step_shown(OF_THE_RFC, written, NOON) is None


@pytest.mark.parametrize(
    ("mediates", "keeps_accounts", "needs"),
    [(False, False, False), (True, False, True), (False, True, True), (True, True, True)],
)
def test_who_needs_one(mediates: bool, keeps_accounts: bool, needs: bool) -> None:
    assert needs_second_factor(mediates=mediates, keeps_accounts=keeps_accounts) is needs


def test_a_secret_takes_the_key_of_the_installation_and_the_seed_together() -> None:
    seed = seed_for("key", "session", 0)
    secrets = {secret_of("key", seed), secret_of("another key", seed), secret_of("key", seed_for("key", "session", 1))}
    secrets |= {secret_of("key", seed_for("key", "another session", 0)), secret_of("key", seed_for("k", "session", 0))}
    assert len(secrets) == 5
    assert all(re.fullmatch("[A-Z2-7]{32}", secret) for secret in secrets)
    assert seed_for("key", "session", 0) == seed
    assert mark_of("key") != mark_of("another key")


def test_what_a_telephone_reads() -> None:
    address = address_of(OF_THE_RFC, name="Bruno & fils", host="reseau.exemple")
    assert address.startswith("otpauth://totp/Le%20R%C3%A9seau:Bruno%20%26%20fils%2C%20reseau.exemple?secret=GEZD")
    assert re.fullmatch(r"[ -~]+", address)
    assert not set(address) & set("\"'<>")
    assert in_fours("GEZDGNBVGY") == "GEZD GNBV GY"


def test_recovery_codes_are_read_however_they_are_typed() -> None:
    codes = make_recovery_codes()
    assert len(set(codes)) == HOW_MANY_CODES
    for code in codes:
        assert re.fullmatch(r"[a-hjkmnp-z2-9]{4}-[a-hjkmnp-z2-9]{4}", code)
        for written in (code, code.upper(), code.replace("-", ""), f" {code.replace('-', ' – ')} "):
            assert read_recovery_code(written) == code
    assert not set(codes) & set(make_recovery_codes())


@pytest.mark.parametrize("written", ["", "123456", "k7mq-3xp", "k7mq-3xprr", "k0mq-3xpr", "k7mq/3xpr", "\ud800"])
def test_other_texts_are_no_recovery_codes(written: str) -> None:
    assert read_recovery_code(written) is None


def test_a_recovery_code_is_hashed_with_the_key_and_for_one_person() -> None:
    hashes = {hash_recovery_code(key, who, "k7mq-3xpr") for key in ("key", "another") for who in (1, 2)}
    assert len(hashes) == 4
    assert not any("k7mq" in each for each in hashes)


def test_no_code_is_the_same_an_hour_later() -> None:
    now = [code_at(OF_THE_RFC, step_of(NOON) + n) for n in range(3)]
    assert now != [code_at(OF_THE_RFC, step_of(NOON + timedelta(hours=1)) + n) for n in range(3)]
