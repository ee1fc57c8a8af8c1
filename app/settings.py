"""What whoever hosts Le Réseau decides: read once from the environment or a `.env` file, never changed after.

A missing or malformed setting is named in a sentence; nothing here opens a connection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LANGUAGES = ("fr", "en")
DEFAULT_DATABASE = "sqlite:///reseau.sqlite"


class SettingsError(Exception):
    """A setting is missing or cannot be understood. Its text is a sentence for the person who hosts."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one installation."""

    database_url: str = DEFAULT_DATABASE
    secret_key: str = ""
    base_url: str = "http://127.0.0.1:8000"
    smtp_url: str | None = None
    mail_from: str = "Le Réseau <ne-pas-repondre@localhost>"
    locale: str = "fr"
    publisher: str = ""
    """Who answers for the site before the law, in a line: for the legal page."""
    hosted_by: str = ""
    """Who hosts it: name, address, telephone."""
    demo: bool = False
    stripe_secret_key: str = ""
    """Without it nothing is paid by card."""
    stripe_webhook_secrets: tuple[str, ...] = ()
    """One, or two while one is changed: any of them signs."""
    stripe_api_base: str | None = None
    """Where a stand-in for Stripe listens, on this machine."""

    @property
    def secure(self) -> bool:
        """Whether the site is reached over https: then cookies are `Secure` and `__Host-`."""
        return self.base_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """What a cookie is called: over https no other host may set it (`__Host-`, RFC 6265bis 4.1.3.2)."""
        return f"__Host-{name}" if self.secure else name

    @property
    def host(self) -> str:
        """Host (and port, if any) of the base URL, as browsers write it in `Origin`."""
        return urlsplit(self.base_url).netloc

    @classmethod
    def read(cls, environ: Mapping[str, str], *, serving: bool = False) -> Settings:
        """Settings from the environment. `serving` demands what a public server cannot do without."""

        def given(name: str, default: str) -> str:
            return environ.get(name, "").strip() or default

        default = cls()
        base_url = given("RESEAU_BASE_URL", default.base_url).rstrip("/")
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
            raise SettingsError(
                f"RESEAU_BASE_URL must be the site's address, like https://reseau.example.org, not « {base_url} »."
            )
        secret_key = environ.get("RESEAU_SECRET_KEY", "").strip()
        if serving and len(secret_key) < 32:
            raise SettingsError(
                "RESEAU_SECRET_KEY is missing or shorter than 32 characters. Make one with: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            )
        locale = given("RESEAU_LOCALE", default.locale)
        if locale not in LANGUAGES:
            raise SettingsError(f"RESEAU_LOCALE must be one of {', '.join(LANGUAGES)}, not « {locale} ».")
        smtp_url = environ.get("RESEAU_SMTP_URL", "").strip() or None
        if smtp_url is not None and urlsplit(smtp_url).scheme not in ("smtp", "smtps", "smtp+starttls"):
            raise SettingsError(
                "RESEAU_SMTP_URL must look like smtp://user:password@host:587, smtps://… or smtp+starttls://…."
            )
        mail_from = given("RESEAU_MAIL_FROM", default.mail_from)
        if "@" not in mail_from or any(character in mail_from for character in "\r\n"):
            raise SettingsError("RESEAU_MAIL_FROM must be an e-mail address, with or without a name before it.")
        database_url = given("RESEAU_DATABASE_URL", default.database_url)
        if "://" in database_url and not database_url.startswith(("sqlite://", "postgresql://", "postgres://")):
            raise SettingsError("RESEAU_DATABASE_URL must begin with sqlite:/// or postgresql://.")
        return cls(
            database_url=database_url,
            secret_key=secret_key,
            base_url=base_url,
            smtp_url=smtp_url,
            mail_from=mail_from,
            locale=locale,
            publisher=given("RESEAU_PUBLISHER", ""),
            hosted_by=given("RESEAU_HOSTED_BY", ""),
            **_of_stripe(environ),
        )


STRIPE_KEY = re.compile(r"(sk|rk)_(test|live)_\w{8,}", re.ASCII)
STRIPE_WEBHOOK_SECRET = re.compile(r"whsec_[\w+/=-]{8,}", re.ASCII)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _of_stripe(environ: Mapping[str, str]) -> dict[str, Any]:
    """Its settings. Nothing of a key is said again, not even of one that is wrong."""
    key = environ.get("RESEAU_STRIPE_SECRET_KEY", "").strip()
    if key and not STRIPE_KEY.fullmatch(key):
        raise SettingsError(
            "RESEAU_STRIPE_SECRET_KEY must be a secret or restricted key of Stripe: it begins with sk_live_, rk_live_, "
            "sk_test_ or rk_test_."
        )
    secrets = tuple(filter(None, (each.strip() for each in environ.get("RESEAU_STRIPE_WEBHOOK_SECRET", "").split(","))))
    if len(secrets) > 2 or not all(map(STRIPE_WEBHOOK_SECRET.fullmatch, secrets)):
        raise SettingsError(
            "RESEAU_STRIPE_WEBHOOK_SECRET must be the signing secret of the webhook, which begins with whsec_, or two "
            "of them with a comma between, while one is changed."
        )
    base = environ.get("RESEAU_STRIPE_API_BASE", "").strip().rstrip("/") or None
    if base is not None:
        parts = urlsplit(base)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK or parts.path or parts.query:
            raise SettingsError(
                "RESEAU_STRIPE_API_BASE is for a stand-in on this machine, like http://127.0.0.1:8420. Leave it out."
            )
        if "_test_" not in key:
            raise SettingsError("RESEAU_STRIPE_API_BASE is for a stand-in, and only goes with a key of Stripe's tests.")
    return {"stripe_secret_key": key, "stripe_webhook_secrets": secrets, "stripe_api_base": base}


def erased_list(environ: Mapping[str, str]) -> Path | None:
    """Where the list of erased people is kept (`app.erased`), if the host decides. Commands ask for it that read no
    other setting."""
    named = environ.get("RESEAU_ERASED_LIST", "").strip()
    return Path(named).absolute() if named else None
