"""The design language holds together: contrasts, icons, classes, and what the components promise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes
from markupsafe import Markup

from app.i18n import text
from app.web.pieces import PIECES
from app.web.rendering import environment_of

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "app" / "static"
CSS = "".join(path.read_text("utf-8") for path in sorted((STATIC / "css").glob("*.css")))
# A mail has no style sheet to link to: what it looks like stands in its elements, and test_composing.py sees to it.
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if path.parent.name != "emails")
KINDS = {
    "agenda": "yellow",
    "workshop": "blue",
    "meal": "red",
    "turn": "green",
    "committee": "violet",
    "exchange": "pink",
    "care": "mint",
    "path": "sky",
    "mediation": "grey",
}
CLASSES_WITHOUT_STYLE = {"error"}  # names the page, for people's own style sheets


# Contrasts ----------------------------------------------------------------------------------------------------------


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)

    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(digits[start : start + 2]) for start in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2 contrast ratio of two hex colours."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@cache
def tokens(theme: str) -> dict[str, str]:
    """The colours of a theme, as the style sheet gives them."""
    plain = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", CSS.split("@supports")[0]))
    both = {name: (light, dark) for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", CSS)}
    for name, (light, _) in both.items():
        assert plain[name] == light, f"--{name} differs for browsers without light-dark()"
    return {**plain, **{name: pair[theme == "dark"] for name, pair in both.items()}}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_can_be_read_in_both_themes(kind: str, theme: str) -> None:
    colours, colour = tokens(theme), KINDS[kind]
    paper = colours[f"{colour}-paper"]
    assert f"[data-kind={kind}]" in CSS
    assert contrast(colours[f"{colour}-on"], colours[colour]) >= 4.5, "text on the flat"
    assert contrast(colours["ink"], paper) >= 7, "text on the paper"
    assert contrast(colours["soft"], paper) >= 4.5, "muted text on the paper"
    assert contrast(colours["fault"], paper) >= 4.5, "error text on the paper"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_fields_notices_and_inverted_blocks_can_be_read(theme: str) -> None:
    colours = tokens(theme)
    assert contrast(colours["ink"], colours["field"]) >= 7
    assert contrast(colours["fault"], colours["field"]) >= 4.5
    assert contrast(colours["fault-on"], colours["fault"]) >= 4.5
    assert contrast(colours["green-on"], colours["green"]) >= 4.5
    for light_text in ("#f5f2ff", "#c9c4e4"):
        assert light_text in CSS
        assert contrast(light_text, colours["base"]) >= 7


# What templates use exists ------------------------------------------------------------------------------------------


def environment() -> Environment:
    return environment_of("fr")


def ui() -> Any:
    return environment().globals["ui"]


def _names(path: Path) -> str:
    return path.relative_to(ROOT / "templates").as_posix()


@cache
def symbols() -> frozenset[str]:
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text("utf-8")))


def _texts(node: nodes.Node | None) -> Iterator[str]:
    """The texts an expression may give, as far as they are written in the template."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from _texts(node.expr1)
        yield from _texts(node.expr2)
    elif isinstance(node, nodes.Or):
        yield from _texts(node.left)
        yield from _texts(node.right)


@cache
def _parameters() -> dict[str, list[str]]:
    tree = environment().parse((ROOT / "templates/components/ui.html").read_text("utf-8"))
    macros = {macro.name: [argument.name for argument in macro.args] for macro in tree.find_all(nodes.Macro)}
    return {**{name: list(signature(piece).parameters) for name, piece in PIECES.items()}, **macros}


def _calls(path: Path) -> Iterator[tuple[str, dict[str, nodes.Expr]]]:
    """Each call of a component in a template, with its arguments by name."""
    parameters = _parameters()
    inside = path.name == "ui.html"
    for call in environment().parse(path.read_text("utf-8")).find_all(nodes.Call):
        target = call.node
        if isinstance(target, nodes.Getattr) and isinstance(target.node, nodes.Name) and target.node.name == "ui":
            name = target.attr
            assert name in parameters, f"there is no ui.{name}"
        elif inside and isinstance(target, nodes.Name) and target.name in parameters:
            name = target.name
        else:
            continue
        given = dict(zip(parameters[name], call.args, strict=False))
        given.update({keyword.key: keyword.value for keyword in call.kwargs})
        assert given.keys() <= set(parameters[name]), f"ui.{name} takes no {given.keys() - set(parameters[name])}"
        yield name, given


@pytest.mark.parametrize("path", TEMPLATES, ids=_names)
def test_every_icon_and_shape_a_template_names_is_in_the_sprite(path: Path) -> None:
    missing = set(re.findall(r"#([if]-[a-z][\w-]+)", path.read_text("utf-8"))) - symbols()
    for name, given in _calls(path):
        for parameter, argument in given.items():
            prefix = ""
            if parameter in ("icon", "icon_name") or (name == "icon" and parameter == "name"):
                prefix = "i-"
            elif parameter == "kind" and name in ("pict", "shape", "chip", "ticket"):
                prefix = "f-"
            missing |= {prefix + word for word in _texts(argument) if prefix and word} - symbols()
        if name in ("facts", "path_steps"):
            column = 0 if name == "facts" else 1
            for row in next(iter(given.values())).find_all(nodes.Tuple):
                missing |= {f"i-{word}" for word in _texts(row.items[column]) if word} - symbols()
    assert not missing


def test_every_icon_that_python_names_is_in_the_sprite() -> None:
    named = {
        f"i-{icon}"
        for folder in ("app", "workshops")
        for path in (ROOT / folder).rglob("*.py")
        for icon in re.findall(r'\bicon\s*=\s*"([a-z0-9-]+)"', path.read_text("utf-8"))
    }
    assert not named - symbols()


def test_the_sprite_has_a_shape_for_each_kind() -> None:
    assert {f"f-{kind}" for kind in KINDS} <= symbols()


@pytest.mark.parametrize("path", TEMPLATES, ids=_names)
def test_templates_hold_nothing_that_the_content_policy_forbids(path: Path) -> None:
    source = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    found = re.findall(r"<style\b|\sstyle=|\son[a-z]+=|hx-on|hx-vals=.js:|javascript:", source)
    found += [tag for tag in re.findall(r"<script\b[^>]*>", source) if " src=" not in tag]
    assert not found


def _class_words(source: str) -> Iterator[str]:
    """Words in class attributes, those written inside expressions too."""
    flat, strings, inside, after = "", list[str](), False, ""
    for _, kind, value in environment().lex(source):
        if kind == "data":
            flat += value
        elif kind == "variable_begin":
            inside, strings = True, []
        elif kind == "variable_end":
            flat += "\0" + " ".join(strings) + "\1"
            inside = False
        elif inside and kind == "string" and after not in ("==", "!="):
            strings.append(value[1:-1])
        if kind != "whitespace":
            after = value
    for attribute in re.findall(r'\bclass="([^"]*)"', flat):
        for word in re.sub("\0.*?\1", "\0", attribute, flags=re.DOTALL).split():
            # Of `from-{{ hour }}` only the whole word could be looked up.
            if not word.endswith("-\0") and not word.startswith("\0-"):
                yield word.strip("\0")
        for within in re.findall("\0(.*?)\1", attribute, flags=re.DOTALL):
            yield from within.split()


@cache
def css_classes() -> frozenset[str]:
    return frozenset(re.findall(r"\.([a-zA-Z][\w-]*)", re.sub(r"/\*.*?\*/|url\([^)]*\)", "", CSS, flags=re.DOTALL)))


@pytest.mark.parametrize("path", TEMPLATES, ids=_names)
def test_every_class_a_template_uses_is_in_the_style_sheet(path: Path) -> None:
    words = {word for word in _class_words(path.read_text("utf-8")) if word}
    for _, given in _calls(path):
        words |= {word for look in _texts(given.get("look")) for word in look.split()}
    assert not words - css_classes() - CLASSES_WITHOUT_STYLE


def test_every_file_the_style_sheet_names_is_there() -> None:
    named = re.findall(r"url\(([^)]+)\)", CSS)
    assert named
    assert [target for target in named if not (STATIC / "css" / target).resolve().is_file()] == []


# What components promise --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("taken", "total"), [(0, 1), (1, 3), (8, 12), (40, 40), (14, 12)])
def test_seats_draw_each_place_once(taken: int, total: int) -> None:
    drawn = str(ui().seats(taken, total, "Il reste des places"))
    paths = dict(re.findall(r'<path class="(\w+)" d="([^"]*)"', drawn))
    filled = min(taken, total)
    assert re.fullmatch(r"(M\d{3}\.0 (06|33)\.5h0)*", paths["taken"])
    assert paths["taken"].count("M") == filled
    assert re.fullmatch(r"(M\d{3}\.8 \d\d\.3h8\.4v8\.4h-8\.4z)*", paths["free"])
    assert paths["free"].count("M") == total - filled
    assert "<strong>Il reste des places</strong>" in drawn


def test_many_seats_are_only_said() -> None:
    assert "<svg" not in str(ui().seats(41, 60, "Il reste 19 places sur 60"))


def test_my_seats_are_the_last_ones_taken() -> None:
    assert 'class="my-seat" cx="67" cy="6.5"' in str(ui().seats(9, 12, "", 2, True))
    three = re.findall(r'class="my-seat" cx="(\d+)" cy="([\d.]+)"', str(ui().seats(9, 12, "", 2, 3)))
    assert three == [("53", "6.5"), ("53", "33.5"), ("67", "6.5")]


def test_a_field_ties_its_words_to_its_box() -> None:
    error = text("Il en faut au moins %(n)s.", n=3)
    field = str(ui().number_field("capacity", "Combien de places", 2, error, "Toi compris."))
    assert '<label for="field-capacity">' in field
    assert 'id="field-capacity" name="capacity"' in field
    assert 'aria-invalid="true" aria-describedby="field-capacity-hint field-capacity-error"' in field
    assert field.index("<label") < field.index("Il en faut au moins 3.") < field.index("<input")


def test_a_field_without_error_or_hint_has_no_loose_ends() -> None:
    field = str(ui().text_field("title", "Son nom"))
    assert "aria-" not in field
    assert "value=" not in field


@pytest.mark.parametrize("value", [2, "2"])
def test_the_chosen_option_is_found_as_number_and_as_text(value: object) -> None:
    options = [(1, "Salle du fond"), (2, "Salon")]
    selected = str(ui().select_field("room", "La salle", options, value))
    assert re.findall(r'value="(\d)" selected', selected) == ["2"]
    assert re.findall(r'value="(\d)" checked', str(ui().choice_field("room", "La salle", options, value))) == ["2"]


def test_the_summary_counts_and_links_to_the_fields() -> None:
    one = str(ui().error_summary({"room": "La salle est prise"}))
    two = str(ui().error_summary({"room": text("La salle est prise"), "form": "Trop tard"}))
    assert "Il reste 1 chose à voir" in one
    assert "Il reste 2 choses à voir" in two
    assert '<a href="#field-room">La salle est prise</a>' in two
    assert "<li>Trop tard</li>" in two
    assert not str(ui().error_summary({}))


@pytest.mark.parametrize(
    "made",
    [
        lambda bad: ui().button(bad, more=bad, name="x", value=bad),
        lambda bad: ui().post("/x", bad, bad, target=bad),
        lambda bad: ui().notice("ok", bad, bad),
        lambda bad: ui().text_field("x", bad, bad, bad, bad),
        lambda bad: ui().long_field("x", bad, bad, bad, bad, bad),
        lambda bad: ui().select_field("x", bad, [(bad, bad)], bad, bad),
        lambda bad: ui().choice_field("x", bad, [(bad, bad, bad)], bad, bad),
        lambda bad: ui().error_summary({"x": bad}),
        lambda bad: ui().facts([("check", bad, bad)]),
        lambda bad: ui().person(bad),
        lambda bad: ui().poster(bad, bad, "check", bad, "libre", bad),
        lambda bad: ui().copy_button(bad, bad),
    ],
)
def test_what_people_write_stays_words(made: Callable[[str], Markup]) -> None:
    said = made('"><script>alert(1)</script>')
    assert isinstance(said, Markup)
    assert "<script>" not in said
    assert '""><' not in said
