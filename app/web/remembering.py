"""`{% remember what, … %}`: a part of a page that depends on these values alone is rendered once and kept.

For what a page repeats and many people see: a strip of the agenda, the contents list. The values must be hashable, and
all that the part reads, besides the language, which has its own environment, and the token of the forms, which is put
in anew each time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from markupsafe import Markup

MOST_KEPT = 4000
"""About 8 MB of strips. The oldest makes room."""
_FORM = 'name="_csrf_token"'
_PUT_IN = "\0"
"""Where the token goes: a character that no page holds."""


class Remember(Extension):
    """The tag. Each environment, and so each language, has a memory of its own."""

    tags = {"remember"}  # noqa: RUF012 - as Jinja declares it

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.kept: dict[Hashable, Markup] = {}

    def parse(self, parser: Parser) -> nodes.Node:
        lineno = next(parser.stream).lineno
        values = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            values.append(parser.parse_expression())
        body = parser.parse_statements(("name:endremember",), drop_needle=True)
        where = nodes.Const(f"{parser.name}:{lineno}")
        call = self.call_method(
            "_remembered", [nodes.Tuple([where, *values], "load"), nodes.Name("csrf_token", "load")], lineno=lineno
        )
        return nodes.CallBlock(call, [], [], body).set_lineno(lineno)

    def _remembered(self, key: tuple[Hashable, ...], token: Any, caller: Callable[[], Markup]) -> Markup:
        kept = self.kept.get(key)
        if kept is None:
            made = caller()
            if len(self.kept) >= MOST_KEPT:
                del self.kept[next(iter(self.kept))]
            self.kept[key] = made.replace(str(token), _PUT_IN) if _FORM in made else made
            return made
        return kept.replace(_PUT_IN, str(token)) if _PUT_IN in kept else kept
