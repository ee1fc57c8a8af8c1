"""Parts of pages that are rendered once: what they depend on, and what never stays in them."""

from __future__ import annotations

from typing import Any

import pytest
from jinja2 import DictLoader, Environment
from markupsafe import Markup

from app.main import REGISTRY
from app.settings import Settings
from app.web import remembering
from app.web.csrf import LazyToken
from app.web.remembering import Remember
from app.web.rendering import environment_of, page_context
from benchmarks.render import agenda, visit

FORM = '<input type="hidden" name="_csrf_token" value="{{ csrf_token }}">'
TEMPLATES = {
    "part.html": "{% remember what, who %}<p>{{ told(what) }} {{ who }}</p>{% endremember %}",
    "form.html": "{% remember what %}<form>" + FORM + "{{ told(what) }}</form>{% endremember %}",
    "two.html": "{% for what in all %}{% remember what %}{% include 'inner.html' %}{% endremember %}{% endfor %}",
    "inner.html": "{{ told(what) }};",
}


class Teller:
    """Counts how often a part was really made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, what: object) -> str:
        self.times += 1
        return f"<{what}>"


class Token:
    """A token that knows whether somebody asked for it."""

    def __init__(self, value: str) -> None:
        self.value, self.asked = value, False

    def __str__(self) -> str:
        self.asked = True
        return self.value

    __html__ = __str__


@pytest.fixture
def environment() -> Environment:
    return Environment(loader=DictLoader(TEMPLATES), autoescape=True, extensions=[Remember])


def render(environment: Environment, name: str, **context: Any) -> str:
    return environment.get_template(name).render({"csrf_token": Token("t"), **context})


def test_the_same_values_are_rendered_once(environment: Environment) -> None:
    told = Teller()
    pages = [render(environment, "part.html", told=told, what=1, who="a&b") for _ in range(3)]
    assert pages == ["<p>&lt;1&gt; a&amp;b</p>"] * 3
    assert told.times == 1


def test_other_values_are_another_part(environment: Environment) -> None:
    told = Teller()
    values = [(1, "a"), (2, "a"), (1, "b")]
    assert len({render(environment, "part.html", told=told, what=what, who=who) for what, who in values}) == 3
    assert told.times == 3


def test_each_language_remembers_for_itself() -> None:
    told = Teller()
    for _ in range(2):
        one = Environment(loader=DictLoader(TEMPLATES), autoescape=True, extensions=[Remember])
        render(one, "part.html", told=told, what=1, who="a")
    assert told.times == 2


def test_a_form_gets_the_token_of_whoever_looks(environment: Environment) -> None:
    told = Teller()
    first = render(environment, "form.html", told=told, what=1, csrf_token=Token("of-samira"))
    second = render(environment, "form.html", told=told, what=1, csrf_token=Token('of-"karim"'))
    assert 'value="of-samira"' in first
    assert second == first.replace("of-samira", "of-&#34;karim&#34;")
    assert told.times == 1


def test_without_a_form_no_token_is_asked_for(environment: Environment) -> None:
    told, token = Teller(), Token("t")
    for _ in range(2):
        render(environment, "part.html", told=told, what=1, who="a", csrf_token=token)
    assert not token.asked, "asking would put a cookie with a page that only tells"


def test_a_loop_and_an_included_template_may_stand_inside(environment: Environment) -> None:
    told = Teller()
    assert render(environment, "two.html", told=told, all=[1, 2, 1]) == "&lt;1&gt;;&lt;2&gt;;&lt;1&gt;;"
    assert told.times == 2


def test_what_cannot_be_a_key_is_a_mistake_that_shows(environment: Environment) -> None:
    with pytest.raises(TypeError, match="unhashable"):
        render(environment, "part.html", told=Teller(), what=[1], who="a")


def test_the_memory_ends(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST_KEPT", 10)
    told = Teller()
    for number in range(50):
        render(environment, "part.html", told=told, what=number, who="a")
    memory = environment.extensions[Remember.identifier]
    assert isinstance(memory, Remember)
    assert len(memory.kept) == 10
    assert all(isinstance(part, Markup) for part in memory.kept.values())


def test_a_page_of_the_agenda_is_the_same_the_second_time() -> None:
    def page(key: str) -> str:
        settings = Settings(secret_key=key * 32)
        context = page_context(agenda(7), visit(), REGISTRY, LazyToken(settings, visit()), None)
        return environment_of("fr").get_template("app/calendar/show_agenda.html").render(context)

    memory = environment_of("fr").extensions[Remember.identifier]
    assert isinstance(memory, Remember)
    memory.kept.clear()
    fresh, remembered = page("a"), page("a")
    assert fresh == remembered
    assert fresh.count("data-id=") == 7
    tokens = {str(LazyToken(Settings(secret_key=key * 32), visit())) for key in "ab"}
    here, there = sorted(tokens, key=lambda token: token not in fresh)
    assert page("b") == fresh.replace(here, there)
