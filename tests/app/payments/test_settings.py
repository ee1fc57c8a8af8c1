"""The settings of paying by card: what is wrong is a sentence, and nothing of a key is said again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.settings import Settings, SettingsError
from tests.servers import ROOT

KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"


def read(**settings: str) -> Settings:
    return Settings.read({f"RESEAU_STRIPE_{name.upper()}": value for name, value in settings.items()})


def test_without_any_there_is_no_card() -> None:
    settings = read()
    assert (settings.stripe_secret_key, settings.stripe_webhook_secrets, settings.stripe_api_base) == ("", (), None)


@pytest.mark.parametrize("start", ["sk_test", "rk_test", "sk_live", "rk_live"])
def test_a_key(start: str) -> None:
    assert read(secret_key=f" {start}_51Habcdef \n").stripe_secret_key == f"{start}_51Habcdef"


@pytest.mark.parametrize(
    "key", ["pk_test_51Habcdef", "sk_test_short", "hush-hush", "sk_prod_51Habcdef", "sk_test_51H abcdef"]
)
def test_no_key(key: str) -> None:
    with pytest.raises(SettingsError, match="RESEAU_STRIPE_SECRET_KEY") as refused:
        read(secret_key=key)
    assert key not in str(refused.value)


def test_one_secret_or_two() -> None:
    assert read(secret_key=KEY, webhook_secret="whsec_abcdefgh").stripe_webhook_secrets == ("whsec_abcdefgh",)
    both = read(secret_key=KEY, webhook_secret="whsec_abcdefgh, whsec_ijklmnop,")
    assert both.stripe_webhook_secrets == ("whsec_abcdefgh", "whsec_ijklmnop")


@pytest.mark.parametrize("secret", ["abc!", "whsec_short", KEY, "whsec_abcdefgh,whsec_abcdefgi,whsec_abcdefgj"])
def test_no_secret(secret: str) -> None:
    with pytest.raises(SettingsError, match="RESEAU_STRIPE_WEBHOOK_SECRET") as refused:
        read(secret_key=KEY, webhook_secret=secret)
    assert secret not in str(refused.value)


@pytest.mark.parametrize("base", ["http://127.0.0.1:8420", "http://localhost:8420/", "http://[::1]:8420"])
def test_a_stand_in(base: str) -> None:
    assert read(secret_key=KEY, api_base=base).stripe_api_base == base.rstrip("/")


@pytest.mark.parametrize(
    ("key", "base"),
    [
        (KEY, "http://stripe.example"),
        (KEY, "https://127.0.0.1.example"),
        (KEY, "http://127.0.0.1:8420/elsewhere"),
        (KEY, "http://127.0.0.1@stripe.example"),
        (KEY.replace("test", "live"), "http://127.0.0.1:8420"),
        ("", "http://127.0.0.1:8420"),
    ],
)
def test_no_stand_in(key: str, base: str) -> None:
    """Elsewhere it would be given the key; a live one it is never given."""
    with pytest.raises(SettingsError, match="RESEAU_STRIPE_API_BASE"):
        read(secret_key=key, api_base=base)


@pytest.mark.parametrize("key", ["", KEY])
def test_stripes_library_is_loaded_when_there_is_a_key(key: str) -> None:
    made = (
        "import sys\nfrom app.serving import served\nfrom app.settings import Settings\n"
        f"served(Settings(secret_key='x' * 40, database_url='sqlite:///nowhere', stripe_secret_key='{key}'))\n"
        "print('stripe' in sys.modules, 'httpx' in sys.modules)\n"
    )
    said = subprocess.run([sys.executable, "-c", made], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert said.split()[0] == str(bool(key))
