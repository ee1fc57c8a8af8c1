"""The forms of identity: what a browser sent, as typed values, or one sentence for each field that cannot be taken.

`values` keeps what was written, but never a password or a code. Joining speaks without pronoun, the rest says « tu ».
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.i18n import LANGUAGES, Text, text, text_n
from app.identity.commands_me import Profile
from app.identity.commands_places import PlaceWords, RoomWords, Stretch
from app.identity.forms_days import read_adult_on, read_day
from app.identity.passwords import LONGEST, SHORTEST, easily_guessed, plain
from app.identity.second import read_recovery_code
from app.identity.slips import read_sign_in_name
from app.identity.states import HANDED_OVER, Act, Device
from app.notices.rules import is_address
from app.web.forms import Fields, clean_line

NAME_LENGTH = 60
SECRET = ("password", "new_password", "code", "current")
THEMES = ("light", "dark")
STRETCHES_A_DAY = 2

_A_DOT_TOO_MANY = re.compile(r"^\.|\.\.|\.$")
_HOUR = re.compile(r"([01]?\d|2[0-3])(?:[:hH]([0-5]\d)?)?")


def _kept(fields: Fields) -> dict[str, str]:
    return {name: value for name, value in fields.values.items() if name not in SECRET}


def _email(fields: Fields, required: Text) -> str:
    email = fields.line("email", longest=254, required=required)
    if email and not is_address(email):
        fields.fault("email", _what_is_wrong(email))
    return email


def _what_is_wrong(email: str) -> Text:
    """Why we cannot write to this address."""
    local, at, _ = email.rpartition("@")
    if at and not local.isascii():
        return text("Nos mails n’arrivent pas à une adresse qui a un accent avant le @. Il en faut une sans accent.")
    if at and _A_DOT_TOO_MANY.search(local):
        return text("Avant le @, un point ne vient ni au début, ni à la fin, ni deux fois de suite.")
    return text("Une adresse s’écrit comme prenom@exemple.fr. Ici : « %(value)s ».", value=email[:80])


def _who(fields: Fields) -> str:
    """An address, or a sign-in name however it was typed."""
    written = fields.line("email", longest=254, required=text("Il manque ton adresse mail, ou ton nom d’entrée."))
    if not written or is_address(written):
        return written
    name = read_sign_in_name(written)
    if name is None:
        fields.fault(
            "email",
            text(
                "Une adresse s’écrit comme prenom@exemple.fr, un nom d’entrée comme fatou-482. Ici : « %(value)s ».",
                value=written[:80],
            ),
        )
    return name or written


def _name(fields: Fields, required: Text) -> str:
    return fields.line("name", longest=NAME_LENGTH, required=required)


def _new_password(fields: Fields, field: str, *, name: str, email: str) -> str:
    """The password, or none; its faults are said for the field."""
    written = plain(fields.form.get(field, ""))
    if not written:
        return ""
    if len(written) < SHORTEST:
        fields.fault(
            field,
            text_n(
                "Trop court : il faut %(n)s caractère au moins. Trois mots au hasard, par exemple.",
                "Trop court : il faut %(n)s caractères au moins. Trois mots au hasard, par exemple.",
                SHORTEST,
            ),
        )
    elif len(written) > LONGEST:
        fields.fault(
            field,
            text_n("Trop long : %(n)s caractère au plus.", "Trop long : %(n)s caractères au plus.", LONGEST),
        )
    elif easily_guessed(written, name=name, email=email):
        fields.fault(
            field, text("Ce mot de passe est dans les premiers qu’on essaie. Trois mots au hasard vont mieux.")
        )
    return written


def _device(fields: Fields, required: Text) -> Device | None:
    return fields.choice("device", Device, required=required)


# ----------------------------------------------------------------------------------------------------- getting in


@dataclass(frozen=True, slots=True)
class JoinForm:
    """Whoever joins."""

    name: str
    email: str
    password: str
    place_id: int | None
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_join(form: Mapping[str, str], place_ids: Sequence[int]) -> JoinForm:
    """A place is only asked for where there are several."""
    fields = Fields(form)
    name = _name(fields, text("Il manque un prénom, ou le nom à afficher."))
    email = _email(fields, text("Il manque une adresse mail : le code y arrivera."))
    password = _new_password(fields, "password", name=name, email=email)
    if not fields.box("charter"):
        fields.fault("charter", text("Il reste à cocher cette case."))
    place_id = place_ids[0] if len(place_ids) == 1 else None
    if len(place_ids) > 1:
        chosen = fields.choice("place", [str(each) for each in place_ids], required=text("Il reste à choisir un lieu."))
        place_id = int(chosen) if chosen else None
    return JoinForm(name, email, password, place_id, _kept(fields), fields.errors)


@dataclass(frozen=True, slots=True)
class SignInForm:
    """Whoever signs in, by password or (`by_mail`) by a mail."""

    email: str
    """Their address, or their sign-in name as it was given to them."""
    password: str
    device: Device | None
    by_mail: bool
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_sign_in(form: Mapping[str, str]) -> SignInForm:
    """By mail only the address is needed: the device is asked with the code."""
    fields = Fields(form)
    by_mail = form.get("way", "") == "mail"
    email = _who(fields)
    password = form.get("password", "")[: 4 * LONGEST]
    device: Device | None = None
    if by_mail:
        device = next((each for each in Device if each.value == form.get("device", "")), None)
    else:
        if not password:
            fields.fault("password", text("Il manque ton mot de passe. Sans lui, reçois un lien par mail."))
        device = _device(fields, text("Dis d’abord si cet appareil est à toi."))
    return SignInForm(email, password, device, by_mail, _kept(fields), fields.errors)


@dataclass(frozen=True, slots=True)
class CodeForm:
    """A six-digit code, and whose device it is written on."""

    code: str
    device: Device | None
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_code(form: Mapping[str, str], *, with_device: bool = True) -> CodeForm:
    """Spaces and dots between the digits are forgiven."""
    fields = Fields(form)
    code = re.sub(r"[\s.\-]", "", clean_line(form.get("code", "")))
    if not code:
        fields.fault("code", text("Il manque le code : six chiffres, dans le mail."))
    elif not re.fullmatch(r"\d{6}", code, re.ASCII):
        fields.fault("code", text("Le code a six chiffres, comme 041 592."))
    device = _device(fields, text("Il reste à dire à qui est cet appareil.")) if with_device else None
    return CodeForm(code, device, _kept(fields), fields.errors)


@dataclass(frozen=True, slots=True)
class SecondForm:
    """A code of the telephone, or one of those on paper."""

    code: str
    current: str
    """The one that proves who it is, where a telephone is replaced."""
    errors: Mapping[str, Text]


def read_second(form: Mapping[str, str], *, code: bool = True, current: bool = False) -> SecondForm:
    """`code`: six digits. `current`: six digits or a recovery code."""
    fields = Fields(form)
    shown = _six_digits(fields, "code") if code else ""
    proof = _digits_or_paper(fields, "current") if current else ""
    return SecondForm(shown, proof, fields.errors)


def read_recovery(form: Mapping[str, str]) -> SecondForm:
    """A recovery code alone."""
    fields = Fields(form)
    written = clean_line(form.get("code", ""))
    if not written:
        fields.fault("code", text("Il manque le code de secours : il est sur ton papier."))
    elif read_recovery_code(written) is None:
        fields.fault("code", text("Un code de secours a huit lettres et chiffres, comme k7mq-3xpr."))
    return SecondForm(written, "", fields.errors)


def _digits(written: str) -> str:
    return re.sub(r"[\s.\-]", "", clean_line(written))


def _six_digits(fields: Fields, name: str) -> str:
    code = _digits(fields.form.get(name, ""))
    if not code:
        fields.fault(name, text("Il manque le code : six chiffres, dans l’application de ton téléphone."))
    elif not re.fullmatch(r"\d{6}", code, re.ASCII):
        fields.fault(name, text("Le code a six chiffres, comme 041 592."))
    return code


def _digits_or_paper(fields: Fields, name: str) -> str:
    written = clean_line(fields.form.get(name, ""))
    if read_recovery_code(written) is not None:
        return written
    return _six_digits(fields, name)


@dataclass(frozen=True, slots=True)
class DeviceForm:
    """The one question of the link's page."""

    device: Device | None
    errors: Mapping[str, Text]


def read_device(form: Mapping[str, str]) -> DeviceForm:
    """Whose device it is."""
    fields = Fields(form)
    return DeviceForm(_device(fields, text("Il reste à dire à qui est cet appareil.")), fields.errors)


@dataclass(frozen=True, slots=True)
class WelcomeForm:
    """Somebody without e-mail, written down by the welcome turn."""

    name: str
    phone: str
    language: str
    adult_on: date | None
    """Day of their eighteenth birthday, if it is to come."""
    once: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_welcome(form: Mapping[str, str], *, today: date) -> WelcomeForm:
    """Neither an address nor a situation is asked. `once` tells one sending of the form from another."""
    fields = Fields(form)
    name = _name(fields, text("Il manque un prénom, ou le nom à afficher."))
    phone = _phone(fields)
    language = fields.choice("language", LANGUAGES, required=text("Il reste à choisir une langue."))
    if not fields.box("charter"):
        fields.fault("charter", text("Il reste à lire la charte ensemble, puis à cocher cette case."))
    adult_on = read_adult_on(fields, today)
    return WelcomeForm(name, phone, language or LANGUAGES[0], adult_on, read_once(form), _kept(fields), fields.errors)


def read_once(form: Mapping[str, str]) -> str:
    """What tells one sending of a form from another; empty in a script's."""
    return clean_line(form.get("once", ""))[:64]


def _phone(fields: Fields) -> str:
    phone = fields.line("phone", longest=40)
    if phone and not re.fullmatch(r"\+?[\d .()\-/]{6,}", phone):
        fields.fault("phone", text("Écris un numéro, comme 06 12 34 56 78."))
    return phone


# ---------------------------------------------------------------------------------------------------------- oneself


@dataclass(frozen=True, slots=True)
class ProfileForm:
    """How one appears."""

    profile: Profile
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_profile(form: Mapping[str, str]) -> ProfileForm:
    """All of it is sent each time; a box that is not ticked is not sent."""
    fields = Fields(form)
    name = _name(fields, text("Il manque ton nom, celui que tout le monde verra."))
    about = fields.line("about", longest=300)
    phone = _phone(fields)
    return ProfileForm(Profile(name, about, phone, fields.box("listed")), _kept(fields), fields.errors)


@dataclass(frozen=True, slots=True)
class AddressForm:
    """A new address, and the present password as a proof."""

    email: str
    password: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_address(form: Mapping[str, str]) -> AddressForm:
    """Whether the password is needed is asked by the command."""
    fields = Fields(form)
    email = _email(fields, text("Il manque ta nouvelle adresse."))
    return AddressForm(email, form.get("password", "")[: 4 * LONGEST], _kept(fields), fields.errors)


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """A new password, and the present one as a proof."""

    password: str
    new_password: str
    errors: Mapping[str, Text]


def read_password(form: Mapping[str, str], *, name: str, email: str) -> PasswordForm:
    """Whether the present one is needed is asked by the command."""
    fields = Fields(form)
    new_password = _new_password(fields, "new_password", name=name, email=email)
    if not new_password:
        fields.fault("new_password", text("Il manque le nouveau mot de passe."))
    return PasswordForm(form.get("password", "")[: 4 * LONGEST], new_password, fields.errors)


def read_language(form: Mapping[str, str]) -> str | None:
    """One of our languages."""
    return next((each for each in LANGUAGES if each == form.get("language", "")), None)


def read_theme(form: Mapping[str, str]) -> str | None:
    """`light`, `dark`, an empty text for the device's own; nothing when the form does not say."""
    asked = form.get("theme")
    if asked is None:
        return None
    return asked if asked in THEMES else ""


# ----------------------------------------------------------------------------------------------------------- places


@dataclass(frozen=True, slots=True)
class PlaceForm:
    """What a place says of itself."""

    words: PlaceWords
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_place(form: Mapping[str, str]) -> PlaceForm:
    """The facts of a place."""
    fields = Fields(form)
    words = PlaceWords(
        name=fields.line("name", longest=120, required=text("Il manque le nom du lieu.")),
        address=fields.line("address", longest=200, required=text("Il manque l’adresse : comment venir sans elle ?")),
        about=fields.paragraph("about", longest=2000),
        email=_optional_email(fields),
        phone=fields.line("phone", longest=40),
        step_free=fields.box("step_free"),
    )
    return PlaceForm(words, _kept(fields), fields.errors)


def _optional_email(fields: Fields) -> str:
    return _email(fields, text("Il manque l’adresse mail.")) if clean_line(fields.form.get("email", "")) else ""


@dataclass(frozen=True, slots=True)
class RoomForm:
    """A room."""

    words: RoomWords | None
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_room(form: Mapping[str, str]) -> RoomForm:
    """A room's name and size."""
    fields = Fields(form)
    name = fields.line("name", longest=80, required=text("Il manque le nom de la salle."))
    seats = fields.whole("seats", least=1, most=2000, required=text("Il manque le nombre de places."))
    words = RoomWords(name, seats, fields.box("step_free")) if seats is not None and not fields.errors else None
    return RoomForm(words, _kept(fields), fields.errors)


@dataclass(frozen=True, slots=True)
class HoursForm:
    """The hours of the week: fields `d0_from_0`, `d0_to_0`, `d0_from_1`… for Monday, and so on."""

    week: Sequence[Stretch]
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_hours(form: Mapping[str, str]) -> HoursForm:
    """Up to two stretches a day; a day left empty is closed."""
    fields = Fields(form)
    week: list[Stretch] = []
    for weekday in range(7):
        ends = ""
        for number in range(STRETCHES_A_DAY):
            first, last = f"d{weekday}_from_{number}", f"d{weekday}_to_{number}"
            opens, closes = _hour(fields, first), _hour(fields, last)
            if opens is None and closes is None:
                continue
            if opens is None or closes is None:
                fields.fault(first if opens is None else last, text("Il manque une heure."))
            elif closes <= opens:
                fields.fault(last, text("La fin vient après le début."))
            elif opens <= ends:
                fields.fault(first, text("Ça recommence avant la fin du matin."))
            else:
                week.append(Stretch(weekday, opens, closes))
                ends = closes
    return HoursForm(week, _kept(fields), fields.errors)


def _hour(fields: Fields, name: str) -> str | None:
    raw = clean_line(fields.form.get(name, "")).replace(" ", "")
    if not raw:
        return None
    match = _HOUR.fullmatch(raw)
    if match is None:
        fields.fault(name, text("Écris une heure comme 09:00."))
        return None
    return f"{int(match[1]):02}:{match[2] or '00'}"


@dataclass(frozen=True, slots=True)
class ClosureForm:
    """Closed days."""

    first_on: date | None
    last_on: date | None
    reason: str
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_closure(form: Mapping[str, str]) -> ClosureForm:
    """Both days included; one day alone may be written once."""
    fields = Fields(form)
    first_on = read_day(fields, "first_on", text("Il manque le premier jour."))
    last_on = read_day(fields, "last_on", None) if clean_line(form.get("last_on", "")) else first_on
    reason = fields.line("reason", longest=200)
    if first_on and last_on and last_on < first_on:
        fields.fault("last_on", text("Le dernier jour vient après le premier."))
    return ClosureForm(first_on, last_on, reason, _kept(fields), fields.errors)


@dataclass(frozen=True, slots=True)
class RoleForm:
    """A standing role, offered to somebody by name or address."""

    act: Act | None
    who: str
    shared: bool
    values: Mapping[str, str]
    errors: Mapping[str, Text]


def read_role(form: Mapping[str, str], held: Collection[Act]) -> RoleForm:
    """One of the roles that the person holds."""
    fields = Fields(form)
    act = fields.choice("act", sorted(HANDED_OVER & set(held)), required=text("Il reste à choisir le rôle."))
    who = fields.line("who", longest=254, required=text("Il manque le nom de la personne, ou son adresse mail."))
    return RoleForm(act, who, fields.form.get("how", "") != "pass", _kept(fields), fields.errors)
