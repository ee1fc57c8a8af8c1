"""What a page holds for whoever walks through it: its links, and its forms with what a browser sends of them.

Python's own `html.parser` reads: our templates write every end tag but those of HTML's void elements (a test counts
that), so a parser that mends what is broken would find nothing more, and this one needs no package that anybody must
keep. Nothing here knows an address or a form of ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
WRITTEN = frozenset(
    ["text", "search", "email", "tel", "password", "url", "number", "date", "time", "datetime-local", "month", "week"]
)  # fmt: skip
"""Kinds of `<input>` in which people write."""
TYPED = {
    "text": "Un mot",
    "textarea": "Quelques mots.",
    "search": "ger",
    "email": "quelquun@exemple.fr",
    "password": "demonstration",
    "new_password": "une phrase longue et sans peine",
    "code": "123456",
    "tel": "06 39 98 00 00",
    "number": "5",
    "date": "2026-12-10",
    "time": "10:00",
    "to": "12:00",
    "capacity": "8",
    "seats": "8",
    "cohosts": "",
    "who": "Abdel",
    "phone": "06 39 98 00 00",
    "amount": "12,50",
    "total": "42",
    **dict.fromkeys(("room", "coffee", "material", "other"), "20"),
}
"""What somebody writes into an empty field, by its name or else its kind. `demonstration` is everybody's password,
and « ger » finds the one person without e-mail."""

ALIKE = re.compile(r"_\d+$|(?<=^people)_\w+$")
"""What tells fields of one form apart that are read alike: lines with a number, and one count for each diet."""


def line_of(name: str) -> str:
    """The name of a field as of all that are like it: `dish_…` of `dish_3`."""
    return ALIKE.sub("_…", name)


@dataclass
class Field:
    """One control of a form, by the name that it sends."""

    name: str
    kind: str
    """`text`, `hidden`, `checkbox`, `radio`, `select`, `textarea`, `submit`…"""
    value: str = ""
    sent: bool = True
    """Whether a browser sends it when nobody touches it."""
    options: list[str] = field(default_factory=list)
    number: bool = False
    """Whether a phone shows digits for it."""

    @property
    def filled(self) -> str:
        """Its value, or something that one could write there."""
        if self.value:
            return self.value
        if self.kind == "select":
            return next((each for each in self.options if each), "")
        return TYPED.get(self.name, TYPED.get(self.kind, ""))

    @property
    def written(self) -> bool:
        """Whether somebody writes into it."""
        return self.kind in WRITTEN or self.kind == "textarea"


@dataclass
class Form:
    """One form of one page."""

    method: str
    action: str
    id: str = ""
    fields: list[Field] = field(default_factory=list)
    by_htmx: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Each name once, in order."""
        return tuple(dict.fromkeys(each.name for each in self.fields))

    @property
    def shape(self) -> frozenset[str]:
        """What it asks, however many lines it has."""
        return frozenset(map(line_of, self.names))

    @property
    def buttons(self) -> list[Field]:
        """The buttons that send something of their own."""
        return [each for each in self.fields if each.kind == "submit"]

    @property
    def pressed(self) -> list[Field | None]:
        """Each way of sending it: a button, or nothing in particular."""
        return [*self.buttons] or [None]

    def as_sent(self, button: Field | None = None, *, filled: bool = False) -> dict[str, list[str]]:
        """What is sent when one presses this button, or the first; `filled`, after writing into what is empty."""
        pressed = button or next(iter(self.buttons), None)
        sent: dict[str, list[str]] = {}
        radios: dict[str, Field] = {}
        for each in self.fields:
            if each.kind == "submit" and each is not pressed:
                continue
            if each.kind == "radio":
                radios.setdefault(each.name, each)
            if each.sent or (filled and each.kind == "checkbox"):
                sent.setdefault(each.name, []).append(each.filled if filled else each.value)
        if filled:
            for name, first in radios.items():
                sent.setdefault(name, [first.value])
        return sent


class Page(HTMLParser):
    """A page, read once."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.parts: list[str] = []
        """What the page loads by itself: style, scripts, images."""
        self.forms: list[Form] = []
        self.unclosed = 0
        self._form: Form | None = None
        self._elsewhere: list[tuple[str, Field]] = []
        """Controls that name their form."""
        self._text: Field | None = None
        self._select: Field | None = None
        self._open: list[str] = []
        self.feed(html)
        self.close()
        by_id = {form.id: form for form in self.forms if form.id}
        for form_id, control in self._elsewhere:
            by_id[form_id].fields.append(control)
        self.unclosed += len(self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
        if tag in ("a", "area") and "href" in given:
            self.links.append(given["href"])
        for name in ("hx-get",):
            if name in given:
                self.links.append(given[name])
        if tag in ("link", "use") and "href" in given:
            self.parts.append(given["href"])
        elif tag in ("script", "img") and "src" in given:
            self.parts.append(given["src"])
        if tag == "form":
            assert self._form is None, "a form within a form"
            where = given.get("action", "").partition("#")[0]  # what stands behind it the browser keeps to itself
            self._form = Form(given.get("method", "get").lower(), where, given.get("id", ""))
            self._form.by_htmx = "hx-post" in given
            self.forms.append(self._form)
        elif "hx-post" in given:
            self.forms.append(Form("post", given["hx-post"], by_htmx=True))
        if tag in ("input", "button", "textarea", "select"):
            self._control(tag, given)
        elif tag == "option" and self._select is not None:
            value = given.get("value", "")
            self._select.options.append(value)
            if "selected" in given or len(self._select.options) == 1:
                self._select.value = value

    def _control(self, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "submit" if tag == "button" else "text").lower() if tag in ("input", "button") else tag
        name = given.get("name", "")
        ticked = kind not in ("checkbox", "radio") or "checked" in given
        value = given.get("value", "on" if kind in ("checkbox", "radio") else "")
        control = Field(name, kind, value, sent=ticked and "disabled" not in given and kind not in ("button", "reset"))
        control.number = given.get("inputmode") in ("numeric", "decimal")
        if tag == "textarea":
            self._text = control
        elif tag == "select":
            self._select = control
        if not name:
            return
        if "form" in given:
            self._elsewhere.append((given["form"], control))
        elif self._form is not None:
            self._form.fields.append(control)

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.value += data.removeprefix("\n") if not self._text.value else data

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "textarea":
            self._text = None
        elif tag == "select":
            self._select = None
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.unclosed += 1
