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
from markupsafe import Markup, escape

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

    def parse(self, parser: Parser) -> list[nodes.Node]:
        lineno = next(parser.stream).lineno
        values = [parser.parse_expression()]
        while parser.stream.skip_if("comma"):
            values.append(parser.parse_expression())
        body = parser.parse_statements(("name:endremember",), drop_needle=True)
        key = nodes.Tuple([nodes.Const(f"{parser.name}:{lineno}"), *values], "load")
        token = nodes.Name("csrf_token", "load")
        # Looked up before the part is made a macro of: that alone would cost more than what is remembered.
        found = parser.free_identifier(lineno=lineno)
        look = nodes.Assign(found, self.call_method("_found", [key, token], lineno=lineno))
        make = nodes.CallBlock(self.call_method("_made", [key, token], lineno=lineno), [], [], body)
        either = nodes.If(found, [nodes.Output([found])], [], [make])
        return [node.set_lineno(lineno) for node in (look, either)]

    def _found(self, key: tuple[Hashable, ...], token: Any) -> Markup | None:
        kept = self.kept.get(key)
        if kept is None or _PUT_IN not in kept:
            return kept
        # Neither Markup's own `replace` nor its constructor, which take four times as long: there are dozens a page.
        return str.__new__(Markup, str.replace(kept, _PUT_IN, escape(str(token))))

    def _made(self, key: tuple[Hashable, ...], token: Any, caller: Callable[[], Markup]) -> Markup:
        made = caller()
        if len(self.kept) >= MOST_KEPT:
            del self.kept[next(iter(self.kept))]
        self.kept[key] = made.replace(str(token), _PUT_IN) if _FORM in made else made
        return made
