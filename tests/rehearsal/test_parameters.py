"""What the rehearsal takes is what Stripe takes, and no more: each table of parameters against the OpenAPI."""

from typing import Any

import pytest

from rehearsal import Refusal, parameters
from rehearsal.api import EXPANDABLE, ROUTES, Route
from rehearsal.parameters import Address, Choice, Flag, Number, Several, Span, Table, Text, Words, read_form
from tests import stripe_spec


def differences(sort: Any, schema: dict[str, Any], where: str) -> list[str]:
    """What ours takes that Stripe's document does not say."""
    wanted: list[dict[str, Any]] = schema.get("anyOf", [schema])
    kinds = {
        Text: "string",
        Address: "string",
        Choice: "string",
        Number: "integer",
        Flag: "boolean",
        Words: "object",
        Several: "array",
        Table: "object",
    }
    if isinstance(sort, Span):
        bounds = next(one for one in wanted if one["type"] == "object")["properties"]
        return [f"{where}[{name}]" for name in sort.bounds.fields if name not in bounds]
    fitting = [one for one in wanted if one.get("type") == kinds[type(sort)]]
    if not fitting:
        return [f"{where}: {kinds[type(sort)]} is not among {wanted}"]
    found = fitting[0]
    if isinstance(sort, Choice):
        # Some enumerations are left open in the document, as currencies are.
        return [f"{where}={word}" for word in sort.choices if word not in found.get("enum", sort.choices)]
    if isinstance(sort, Text):
        return [f"{where} is longer"] if sort.longest > found.get("maxLength", 10**6) else []
    if isinstance(sort, Several):
        return differences(sort.of, found["items"], f"{where}[]")
    if isinstance(sort, Table):
        return fields(sort, found, where)
    return []


def fields(table: Table, schema: dict[str, Any], where: str) -> list[str]:
    known = schema.get("properties", {})
    found = [f"{where}.{name} is unknown" for name in table.fields if name not in known]
    found += [f"{where}.{name} is required" for name in schema.get("required", []) if name not in table.required]
    for name, sort in table.fields.items():
        if name in known:
            found += differences(sort, known[name], f"{where}.{name}")
    return found


@pytest.mark.parametrize("route", ROUTES, ids=[f"{route.method} {route.pattern}" for route in ROUTES])
def test_nothing_is_taken_that_stripe_does_not_take(route: Route) -> None:
    example = route.pattern.replace("{", "").replace("}", "")
    assert fields(route.asks, stripe_spec.asks(route.method, example), route.pattern) == []


def test_this_test_can_fail() -> None:
    schema = stripe_spec.asks("POST", "/v1/refunds")
    for wrong in (
        Table({"nope": Text()}),
        Table({"amount": Text()}),
        Table({"reason": Choice(("envie",))}),
        Table({"expand": Several(Number())}),
        Table({"payment_intent": Text(10**7)}),
    ):
        assert fields(wrong, schema, "refund") != []
    with pytest.raises(stripe_spec.NotStripe):
        stripe_spec.asks("POST", "/v1/nothing")


def test_what_can_be_expanded_is_a_name_or_a_whole_thing_at_stripe() -> None:
    schemas = stripe_spec.spec()["components"]["schemas"]
    for sort, names in EXPANDABLE.items():
        for name, of in names.items():
            field = schemas[sort]["properties"][name]
            if name != "line_items":  # a list, there only when it is asked for
                assert {"type": "string", "maxLength": 5000} in field["anyOf"]
                sorts = [one["$ref"].rpartition("/")[2] for one in field["anyOf"] if "$ref" in one]
                assert not of or of in sorts


@pytest.mark.parametrize(
    ("encoded", "form"),
    [
        ("a=b", {"a": "b"}),
        ("a[b]=c&a[d]=e", {"a": {"b": "c", "d": "e"}}),
        ("a[0][b]=c&a[1][b]=d", {"a": {"0": {"b": "c"}, "1": {"b": "d"}}}),
        ("a[]=b&a[]=c", {"a": {"0": "b", "1": "c"}}),
        ("a=%C3%A9%26", {"a": "é&"}),
        ("a=", {"a": ""}),
        ("", {}),
    ],
)
def test_forms_are_read(encoded: str, form: dict[str, Any]) -> None:
    assert read_form(encoded) == form


def test_a_form_that_means_two_things_is_refused() -> None:
    with pytest.raises(Refusal):
        read_form("a=b&a[c]=d")


@pytest.mark.parametrize(
    ("sort", "value"),
    [
        (Text(), {"a": "b"}),
        (Text(3), "abcd"),
        (Number(), "1.5"),
        (Number(), "٣"),
        (Number(), "1" * 25),
        (Number(1), "0"),
        (Number(most=2), "3"),
        (Flag(), "yes"),
        (Words(), "text"),
        (Words(), {"a": {"b": "c"}}),
        (Several(Text()), "text"),
        (Several(Text()), {"a": "b"}),
        (Several(Text(), most=1), {"0": "a", "1": "b"}),
        (Table({}), "text"),
        (Address(), "javascript:alert(1)"),
        (Address(), "/there"),
        (Span(), {"nope": "1"}),
    ],
)
def test_what_does_not_fit_is_refused(sort: parameters.Sort, value: Any) -> None:
    with pytest.raises(Refusal):
        sort.read(value, "it")
