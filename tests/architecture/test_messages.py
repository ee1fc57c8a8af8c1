"""Every text of the screens is marked, well written in French, and said in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from jinja2 import Environment

from app.errors import Refusal
from app.i18n import language
from app.i18n.messages import ROOT, TRANSLATIONS, gather, path_of, problems, read, updated, written
from app.main import REGISTRY

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PACKAGES = ("app", "meals", "rotas", "workshops")
SAID_AS_IT_IS = {"Le Réseau", "Français", "English"}
"""Names, which no language translates."""


@cache
def texts() -> Catalog:
    return gather()


@cache
def msgids() -> tuple[str, ...]:
    """Every French text, both forms of those that count."""
    found = [message.id for message in texts() if message.id]
    assert len(found) > 300, "hardly any text was found: the checks below would pass for nothing"
    return tuple(each for msgid in found for each in ([msgid] if isinstance(msgid, str) else msgid))


# The catalogues -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", TRANSLATIONS)
class TestCatalogue:
    def test_it_is_whole_current_and_can_be_filled_in(self, code: str) -> None:
        assert problems(read(code), texts()) == [], "run `make messages`, then translate what it lists"

    def test_it_is_written_as_the_tool_writes_it(self, code: str) -> None:
        assert path_of(code).read_bytes() == written(updated(read(code), texts()), code), "run `make messages`"

    def test_it_is_read_by_the_application(self, code: str) -> None:
        assert language(code).gettext("Cette page n’existe pas") == "This page does not exist"
        assert language(code).ngettext("Il reste %(n)s place", "Il reste %(n)s places", 2) == "%(n)s seats left"


def test_translations_use_the_quotes_and_apostrophes_of_print() -> None:
    said = [
        each
        for message in read("en")
        for each in ([message.string] if isinstance(message.string, str) else message.string or [])
        if message.id
    ]
    assert len(said) > 300
    assert [each for each in said if re.search(r"['\"«»“”]|\.\.\.|  |\s$|\s[?!;:]", each)] == []


# What is collected far from where it is written ---------------------------------------------------------------------


def _members(kind: type[Refusal]) -> Iterator[Refusal]:
    for each in kind.__subclasses__():
        yield from each
        yield from _members(each)


def _ours(member: Enum) -> bool:
    return type(member).__module__.split(".")[0] in PACKAGES


def test_every_refusal_has_a_sentence_that_is_translated() -> None:
    refusals = [each for each in _members(Refusal) if _ours(each)]
    assert len(refusals) > 20
    assert [each for each in refusals if each not in REGISTRY.refusals] == []
    assert [each for each in REGISTRY.refusals.values() if each not in msgids()] == []


def test_what_the_registry_holds_is_translated() -> None:
    labels = [item.label for item in REGISTRY.nav]
    labels += REGISTRY.journal_acts.values()
    for kind in REGISTRY.entry_kinds.values():
        labels += [kind.label, kind.join_label, *(name for name, _ in kind.genres.values())]
    assert len(labels) > 15
    assert [label for label in labels if label not in msgids()] == []


def _calls() -> Iterator[tuple[Path, str, ast.Call]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield path, node.func.id, node


def test_no_text_is_put_together() -> None:
    """A sentence made of pieces is never gathered, and cannot be said in another order of words."""
    made = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, name, call in _calls()
        if name in ("text", "text_n", "N_")
        for argument in call.args[: 2 if name == "text_n" else 1]
        if isinstance(argument, (ast.JoinedStr, ast.BinOp, ast.Call))
    ]
    assert made == []


# French as it is printed --------------------------------------------------------------------------------------------


def _bare(msgid: str) -> str:
    """The text without what is not French: placeholders, addresses, mails, times with a colon."""
    return re.sub(r"%\(\w+\)s|%%|https?://\S+|\S+@\S+|\b\d+:\d+\b", "X", msgid)


def _those_with(pattern: str) -> list[str]:
    return [msgid for msgid in msgids() if re.search(pattern, _bare(msgid))]


class TestFrench:
    def test_apostrophes_are_curved(self) -> None:
        assert _those_with("'") == []

    def test_quotes_are_french(self) -> None:
        assert _those_with('[“”"‘]') == []

    def test_an_ellipsis_is_one_sign(self) -> None:
        assert _those_with(r"\.\.") == []

    def test_special_spaces_are_left_to_the_language(self) -> None:
        assert [msgid for msgid in msgids() if re.search("[\u00a0\u202f\u2009\u200a]", msgid)] == []

    def test_an_ordinary_space_stands_before_high_signs_and_inside_quotes(self) -> None:
        assert _those_with(r"[^\s][?!;:»€]|«[^ ]") == []

    def test_no_space_is_doubled_or_left_over(self) -> None:
        assert _those_with(r"  |^ | $| [.,…)]|\( ") == []

    def test_nobody_is_told_to_validate(self) -> None:
        assert _those_with(r"^(Valider|Soumettre|Envoyer|OK|Confirmer|Annuler)$") == []


# Templates ----------------------------------------------------------------------------------------------------------

_LEXER = Environment(extensions=["jinja2.ext.i18n"])
_NOT_READ = r"<(style|script|code)\b.*?</\1>|<!--.*?-->"
_SEEN_OR_HEARD = ("aria-label", "alt", "title", "placeholder")
_COOKIES = {"session", "visite", "attente", "annonce", "adresse", "langue, theme"}


def _flat(source: str) -> str:
    """What a template writes itself, outside of what is translated and of blocks that only name something; what is
    worked out is a null character."""
    flat, skipped, after = "", "", ""
    for _, kind, value in _LEXER.lex(source):
        if kind == "name" and after == "block_begin" and value in ("trans", "endtrans", "endblock"):
            skipped = "trans" if value == "trans" else ""
        elif kind == "name" and after == "name block" and value in ("kind", "here", "back"):
            skipped = value
        elif kind == "data" and not skipped:
            flat += value
        elif kind == "variable_begin":
            flat += "\0"
        if kind != "whitespace":
            after = f"name {value}" if kind == "name" and after == "block_begin" else kind
    return re.sub(_NOT_READ, " ", flat, flags=re.DOTALL)


def _bare_words(source: str) -> Iterator[str]:
    """The words of a template that are read or heard, those of attributes too."""
    flat = _flat(source)
    for attribute in _SEEN_OR_HEARD:
        yield from re.findall(rf'\b{attribute}="([^"]*)"', flat)
    yield from re.sub(r"<[^>]*>", "\n", flat).split("\n")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_templates_write_no_word_of_their_own(path: Path) -> None:
    pieces = {
        piece.strip(" \xa0·,.:()#/…–0123456789")
        for words in _bare_words(path.read_text("utf-8"))
        for piece in words.replace("&nbsp;", " ").split("\0")
    }
    ours = {
        piece
        for piece in pieces
        if re.search(r"[^\W\d_]{2,}", piece) and not re.search(r'="|^[\w.-]+\.\w+[\w/]*$', piece)
    }
    assert ours - SAID_AS_IT_IS - _COOKIES == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT / "templates").as_posix())
def test_templates_leave_the_spaces_of_french_to_the_texts(path: Path) -> None:
    """« Liste : titre » is « List: title » in English: the sign belongs to the text."""
    assert re.findall(r"\0 [:;?!»%€]|«", _flat(path.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Bonjour {{ name }}, ça va ?</p>", ["Bonjour", "ça va ?"]),
        ('<a href="/x" aria-label="Fermer">{{ _("Fermer") }}</a>', ["Fermer"]),
        ("{% trans %}Bonjour{% endtrans %}{% block kind %}meal{% endblock %}<code>reseau demo</code>", []),
        ('<p class="when" data-id="12">{{ _("Bonjour") if warm else "Salut" }}</p>{# un mot #}', []),
    ],
)
def test_a_bare_word_would_be_seen(source: str, words: list[str]) -> None:
    pieces = [piece.strip(" ,") for each in _bare_words(source) for piece in each.split("\0")]
    assert [piece for piece in pieces if piece] == words
