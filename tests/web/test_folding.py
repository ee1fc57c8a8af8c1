"""What is constant in a template is worked out when it is compiled, and reads as before."""

from __future__ import annotations

import re
from typing import Any, get_type_hints

import pytest
from jinja2 import Environment, UndefinedError
from jinja2.compiler import CodeGenerator
from markupsafe import Markup

from app.web.pieces import PIECES
from app.web.rendering import PageEnvironment, environment_of


class Plain(PageEnvironment):
    """As Jinja compiles alone."""

    code_generator_class = CodeGenerator


@pytest.fixture
def plain() -> Environment:
    """The words and components of the French pages, without folding."""
    folding = environment_of("fr")
    environment = Plain(autoescape=True, extensions=["jinja2.ext.i18n"])
    spoken: Any = folding.globals["lang"]
    environment.install_gettext_callables(spoken.gettext, spoken.ngettext, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    environment.globals.update({name: folding.globals[name] for name in ("ui", "pieces", "static", "lang")})
    return environment


FOLDS = {
    '{{ _("Agenda") }}': "Agenda",
    '{{ _("Fermer l’agenda & <tout>") }}': "Fermer l’agenda & <tout>",
    '<a title="{{ _("100 %% à toi") }}">': '<a title="100\xa0% à toi">',
    '{{ _("Il y en a %(n)s & %(what)s", n=2, what="<b>") }}': "Il y en a 2 & &lt;b&gt;",
    '{{ pieces.icon("a" ~ "b") }}': "#i-ab",
    '{{ static("icon.svg") }}': "/static/icon",
    '{{ ui.link_button("/x?a=1&b=2", _("Je viens")) }}': '<a class="button" href="/x?a=1&amp;b=2">Je viens</a>',
    '{{ ui.button("<b>") }}': "&lt;b&gt;",
    '{% set words = _("Oui") %}{{ words if true else _("Non") }}': "Oui",
}


@pytest.mark.parametrize("source", FOLDS)
def test_a_constant_stands_in_the_template_as_if_it_were_written_there(source: str, plain: Environment) -> None:
    environment = environment_of("fr")
    said = environment.from_string(source).render()
    assert FOLDS[source] in said
    assert said == plain.from_string(source).render()
    assert "context.call" in plain.compile(source, raw=True), "the control: there was a call"
    assert "context.call" not in environment.compile(source, raw=True)


STAYS: dict[str, dict[str, Any]] = {
    "{{ _(words) }}": {"words": "Agenda"},
    '{{ _("Du %(day)s", day=day) }}': {"day": "<lundi>"},
    '{{ ui.button("Oui", **more) }}': {"more": {"look": "bare"}},
    '{{ _(*words) }}{{ own("a") }}': {"words": ["Agenda"], "own": lambda word: f"<{word}>"},
    '{% call ui.notice("", "Oui") %}{{ _("Agenda") }}<b>{{ words }}</b>{% endcall %}': {"words": "<i>"},
}


@pytest.mark.parametrize("source", STAYS)
def test_what_depends_on_the_page_is_worked_out_with_it(source: str, plain: Environment) -> None:
    environment = environment_of("fr")
    assert environment.from_string(source).render(STAYS[source]) == plain.from_string(source).render(STAYS[source])
    assert re.search(r"context\.call|\.notice\(", environment.compile(source, raw=True))


OUTRIGHT: dict[str, dict[str, Any]] = {
    "{{ ui.icon(name) }}": {"name": '"<i>'},
    "{{ ui.link_button(href, words, look='hollow') }}": {"href": "/x?a&b", "words": "<b>"},
    "{% for name in names %}{{ ui.person(name) }}{{ lang.joined([name, loop.index|string]) }}{% endfor %}": {
        "names": ["Éva", "<u>"]
    },
    '{% call ui.post(path, words, token) %}{{ ui.hidden("view", words) }}{% endcall %}': {
        "path": "/a",
        "words": "<b>",
        "token": "t",
    },
    "{% set words = ui.icon(name) %}{{ words }}{{ ui.told(words) if false }}": {"name": "plus"},
}


@pytest.mark.parametrize("source", OUTRIGHT)
def test_what_wants_no_context_is_called_outright(source: str, plain: Environment) -> None:
    environment = environment_of("fr")
    assert environment.from_string(source).render(OUTRIGHT[source]) == plain.from_string(source).render(
        OUTRIGHT[source]
    )
    assert "context.call" in plain.compile(source, raw=True), "the control"
    assert "context.call" not in environment.compile(source, raw=True)


def test_a_component_that_there_is_not_is_said_to_be_missing() -> None:
    with pytest.raises(UndefinedError, match="nothing"):
        environment_of("fr").from_string("{{ ui.nothing(words) }}").render({"words": "Oui"})


def test_each_language_has_its_own_constants() -> None:
    source = '{{ _("Ateliers") }} {{ ui.link_button("/", _("Mes rendez-vous")) }}'
    french, english = (environment_of(code).from_string(source).render() for code in ("fr", "en"))
    assert "Ateliers" in french
    assert "Workshops" in english


def test_what_is_not_escaped_again_was_escaped() -> None:
    """Components and drawings answer markup, which is put into the page as it is."""
    ui: Any = environment_of("fr").globals["ui"]
    drawn = [each for name, each in vars(ui).items() if name in PIECES]
    assert len(drawn) == len(PIECES)
    assert {get_type_hints(each)["return"] for each in PIECES.values()} == {Markup}
    assert isinstance(ui.person("<b>"), Markup)
    said = environment_of("fr").from_string("{{ ui.person(name) }}{{ name }}{{ lang.joined([name]) }}")
    assert "<b>" not in said.render({"name": "<b>"})
