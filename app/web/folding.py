"""What a template says the same way each time is worked out when it is compiled.

An environment is of one language, so `_("Agenda")` is a constant there; so is an icon that is named, the address of a
style sheet, and a component that is given constants alone. Each stands in the compiled template as if it were written
there. Jinja does the same for what it knows to be constant; it cannot know it of our functions.

Nor can it know that they want nothing but their arguments: what is left of their calls is called outright.
"""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword
from typing import Any

from jinja2 import Environment, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

GATHERED = {"pieces", "ui"}
"""Globals whose functions read their arguments and nothing else."""
PLAIN = {"ui", "lang"}
"""Globals whose functions want neither the context nor the environment of a template."""


class Folder(NodeTransformer):
    """Puts a constant in the place of each call whose answer is known."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        function = self._function(node.node)
        if function is None or node.dyn_args is not None or node.dyn_kwargs is not None:
            return node
        try:
            args = [each.as_const() for each in node.args]
            named = {each.key: each.value.as_const() for each in node.kwargs}
        except nodes.Impossible:
            return node
        return nodes.Const(function(*args, **named), lineno=node.lineno, environment=self.environment)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        """What is called here has the block for an argument: only what it is given besides, and the block, may fold."""
        self.generic_visit(node.call)
        for inside in node.body:
            self.visit(inside)
        return node

    def _function(self, called: nodes.Expr) -> Callable[..., object] | None:
        known: dict[str, Any] = self.environment.globals
        function: Any
        match called:
            case nodes.Name(name="_"):
                return self._words
            case nodes.Name(name="static"):
                function = known["static"]
            case nodes.Getattr(node=nodes.Name(name=name), attr=attribute) if name in GATHERED and name in known:
                function = self.environment.getattr(known[name], attribute)
            case _:
                return None
        return None if isinstance(function, Undefined) else function

    def _words(self, words: str, **details: object) -> Markup:
        """As the i18n extension says them: a text is always a format, so that `%%` is one."""
        spoken: Any = self.environment.globals["lang"]
        return Markup(spoken.gettext(words)) % details  # noqa: S704 - the catalogue is ours


class FoldingGenerator(CodeGenerator):
    """Compiles what the folder leaves."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        super().visit_Template(Folder(self.environment).visit(node), frame)

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        """Jinja asks at each call whether a context is wanted, which takes as long as most of what is called."""
        called = node.node
        if isinstance(called, nodes.ExtensionAttribute):  # what is remembered: a method of `Remember`
            self.visit(called, frame)
            self.write("(")
        elif self._owner(node) and isinstance(called, nodes.Getattr):
            self.visit(called.node, frame)
            self.write(f".{called.attr}(")
        else:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        for each in node.args:
            self.visit(each, frame)
            self.write(", ")
        for named in node.kwargs:
            self.visit(named, frame)
            self.write(", ")
        self.write("caller=caller)" if forward_caller else ")")

    def _owner(self, node: nodes.Call) -> str:
        """Of which global this calls a function outright; empty when it does not."""
        match node.node:
            case nodes.Getattr(node=nodes.Name(name=name), attr=attribute) if name in PLAIN:
                function = getattr(self.environment.globals.get(name), attribute, None)
            case _:
                return ""
        starred = node.dyn_args is not None or node.dyn_kwargs is not None
        plain = callable(function) and not starred and not any(iskeyword(each.key) for each in node.kwargs)
        return name if plain else ""

    def _is_markup(self, node: nodes.Expr) -> bool:
        """Whether it was escaped when it was made: a component, or what is remembered (a name of the compiler's own).
        To escape it again would change nothing, and take as long as making it."""
        if isinstance(node, nodes.Call):
            return self._owner(node) == "ui"
        return isinstance(node, nodes.InternalName)

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if not self._is_markup(node):
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if not self._is_markup(node):
            super()._output_child_post(node, frame, finalize)
