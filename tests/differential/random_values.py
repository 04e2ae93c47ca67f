"""Random input values that can be written as a GraphQL literal or as JSON."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    is_required_input_field,
)


class Number(str):
    """A number as it is written."""


class Name(str):
    """The name of an enum value."""


WORDS = ["alpha", "beta", "gamma", "", "x y", "\u00e9t\u00e9", "\U0001F600", "a\"b\\c", "line\nbreak"]
SAMPLES: dict[str, list[Any]] = {
    "Int": [Number(n) for n in ("0", "1", "-7", "42", "2147483647", "-2147483648")],
    "Float": [Number(n) for n in ("0.5", "-1.25", "3", "1e3", "2.5E-3", "100.0")],
    "String": WORDS,
    "Boolean": [True, False],
    "ID": ["A1", "P1", "E1", "nope", "00", Number("7")],
    "Date": ["2024-02-29", "1999-12-31", "2030-06-15"],
    "DateTime": [
        "2024-03-01T12:30:00Z", "2024-03-01T12:30:00.25+02:00", "2024-03-01 08:00",
        "2023-12-31T23:59:59-0100",
    ],
    "Decimal": ["1.50", "-0.001", Number("12.340"), Number("7"), "1e2", Number("99.90")],
    "BigInt": [Number(n) for n in ("0", "-5", "9007199254740993", "123456789012345678901234567890")],
    "UUID": ["123e4567-e89b-12d3-a456-426614174000", "ABCDEF00-0000-4000-8000-00000000000F"],
    "Time": ["07:05", "23:59:59", "12:00:00.5"],
    "JSONString": ["{\"a\": [1, null]}", "[]", "\"text\"", "12"],
    "GenericScalar": [Number("1"), "text", True, [Number("1"), "b"], {"a": {"b": None}, "c": []}],
    "NonEmptyString": ["a", " padded ", "\u00e9"],
}
WRONG: list[Any] = [
    Number("1"), Number("1.5"), Number("99999999999"), "text", "", True, None, [], {},
    [Number("1"), "b"], {"a": Number("1")}, Name("GAS"), Name("NOPE"), [None], [[Number("1")]],
    "2024-13-01", Number("-0"), {"text": "a"}, {"from": "2024-01-01", "extra": None},
]


def random_value(rng: Random, type_: Any, depth: int = 0) -> Any:
    """A value that the type takes, at times null, at times a single item for a list."""
    if isinstance(type_, GraphQLNonNull):
        return non_null_value(rng, type_.of_type, depth)
    if rng.random() < 0.08:
        return None
    return non_null_value(rng, type_, depth)


def non_null_value(rng: Random, type_: Any, depth: int) -> Any:
    if isinstance(type_, GraphQLList):
        if rng.random() < 0.15:
            item = non_null_value(rng, getattr(type_.of_type, "of_type", type_.of_type), depth)
            return item if not isinstance(item, list) else [item]
        return [random_value(rng, type_.of_type, depth) for _ in range(rng.randint(0, 3))]
    if isinstance(type_, GraphQLEnumType):
        return Name(rng.choice(list(type_.values)))
    if isinstance(type_, GraphQLInputObjectType):
        return random_object(rng, type_, depth)
    return rng.choice(SAMPLES[type_.name])


def random_object(rng: Random, type_: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
    share = 0.45 if depth < 2 else 0.1
    made = {
        name: random_value(rng, field.type, depth + 1)
        for name, field in type_.fields.items()
        if is_required_input_field(field) or rng.random() < share
    }
    names = list(made)
    rng.shuffle(names)
    return {name: made[name] for name in names}


def wrong_value(rng: Random) -> Any:
    return rng.choice(WRONG)


def damage(rng: Random, value: Any) -> Any:
    """The value with something in it that is likely wrong."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        choice = rng.random()
        if choice < 0.25:
            return {k: v for k, v in value.items() if k != key}
        if choice < 0.45:
            return {**value, key + rng.choice(["s", "X", "_"]): Number("1")}
        return {**value, key: damage(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        index = rng.randrange(len(value))
        return [*value[:index], damage(rng, value[index]), *value[index + 1 :]]
    return wrong_value(rng)


def to_literal(value: Any) -> str:
    if isinstance(value, (Number, Name)):
        return str(value)
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(to_literal, value))
    if isinstance(value, dict):
        return "{%s}" % ", ".join(f"{k}: {to_literal(v)}" for k, v in value.items())
    return json.dumps(value, ensure_ascii=False)


def to_json(value: Any) -> str:
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return "[%s]" % ", ".join(map(to_json, value))
    if isinstance(value, dict):
        return "{%s}" % ", ".join(f"{json.dumps(k)}: {to_json(v)}" for k, v in value.items())
    return json.dumps(value, ensure_ascii=False)
