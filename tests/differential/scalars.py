"""The custom scalars of the test schema, for graphql-core.

Every scalar is described by one function that turns a JSON value into its internal
value (``parse_value``), by the kinds of literals it takes, and by one function that
turns the internal value into a JSON value (``serialize``).

A refused value gives the error ``<Scalar> cannot represent value: <value>``, where
``<value>`` is the printed literal, or the value as graphql-core's ``inspect`` shows it.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, Callable
from uuid import UUID

from graphql import (
    BooleanValueNode,
    FloatValueNode,
    GraphQLError,
    GraphQLScalarType,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
    print_ast,
)
from graphql.pyutils import inspect

BIG_INT_MIN = -(2**127)
BIG_INT_MAX = 2**127 - 1

DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?", re.ASCII)
OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
DATE_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ]"
    r"(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)"
    r"(Z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


class RawFloat(float):
    """A JSON number with a fraction or an exponent that remembers how it was written."""

    raw: str

    def __new__(cls, raw: str) -> "RawFloat":
        number = super().__new__(cls, raw)
        number.raw = raw
        return number


def load_json(text: str) -> Any:
    """Read the variables of a request; numbers keep their digits."""
    return json.loads(text, parse_float=RawFloat)


def plain(value: Any) -> Any:
    """A JSON value without ``RawFloat``."""
    if isinstance(value, RawFloat):
        return float(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


def require_string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a string")
    return value


def match(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError("malformed")
    return found


def parse_date(value: Any) -> date:
    """``YYYY-MM-DD`` of the years 0001 to 9999."""
    text = require_string(value)
    match(DATE, text)
    return date.fromisoformat(text)


def parse_time(value: Any) -> time:
    """``HH:MM[:SS[.ffffff]]`` with hours to 23 and seconds to 59, no offset."""
    hour, minute, second, fraction = match(TIME, require_string(value)).groups()
    microsecond = int((fraction or "").ljust(6, "0"))
    return time(int(hour), int(minute), int(second or 0), microsecond)


def parse_offset(text: str | None) -> timezone:
    """No offset and ``Z`` are UTC; offsets reach from -23:59 to +23:59."""
    if text is None or text == "Z":
        return timezone.utc
    sign, hours, minutes = match(OFFSET, text).groups()
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("offset out of range")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


def parse_date_time(value: Any) -> datetime:
    """A date, ``T`` or a space, a time and perhaps an offset; the result is in UTC."""
    day, clock, offset = match(DATE_TIME, require_string(value)).groups()
    moment = datetime.combine(parse_date(day), parse_time(clock), parse_offset(offset))
    return moment.astimezone(timezone.utc)


def parse_decimal(value: Any) -> Decimal:
    """A number, or a string that holds one; the digits stay as they were written."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    if isinstance(value, RawFloat):
        value = value.raw
    elif isinstance(value, (int, float)):
        value = str(value)
    match(NUMBER, require_string(value))
    number = Decimal(value)
    return abs(number) if number.is_zero() else number


def serialize_decimal(number: Decimal) -> str:
    """All digits and trailing zeros, never an exponent, and no minus before zero."""
    return format(number, "f")


def parse_big_int(value: Any) -> int:
    """An integer of at most 128 bits; ``1.0``, ``1e3`` and strings are refused."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("not an integer")
    if not BIG_INT_MIN <= value <= BIG_INT_MAX:
        raise ValueError("out of range")
    return value


def parse_uuid(value: Any) -> UUID:
    """Five groups of hexadecimal digits in either case; the output is in lower case."""
    text = require_string(value)
    match(UUID_TEXT, text)
    return UUID(text)


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse_json_string(value: Any) -> Any:
    """A string that holds any JSON document; the internal value is the document."""
    return json.loads(require_string(value), parse_constant=refuse_constant)


def serialize_json_string(value: Any) -> str:
    """Compact JSON, keys in their order, no escapes for letters beyond ASCII."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parse_non_empty(value: Any) -> str:
    """A string with something besides white space; it is not trimmed."""
    text = require_string(value)
    if not text.strip():
        raise ValueError("empty")
    return text


def generic_literal(node: ValueNode) -> Any:
    """Strings, booleans, numbers, lists and objects; null and enum names become null."""
    if isinstance(node, (StringValueNode, BooleanValueNode)):
        return node.value
    if isinstance(node, IntValueNode):
        return int(node.value)
    if isinstance(node, FloatValueNode):
        return float(node.value)
    if isinstance(node, ListValueNode):
        return [generic_literal(item) for item in node.values]
    if isinstance(node, ObjectValueNode):
        return {field.name.value: generic_literal(field.value) for field in node.fields}
    return None


def string_literal(node: ValueNode) -> Any:
    if not isinstance(node, StringValueNode):
        raise ValueError("not a string")
    return node.value


def int_literal(node: ValueNode) -> Any:
    if not isinstance(node, IntValueNode):
        raise ValueError("not an integer")
    return int(node.value)


def number_literal(node: ValueNode) -> Any:
    if not isinstance(node, (StringValueNode, IntValueNode, FloatValueNode)):
        raise ValueError("not a number")
    return node.value


def make_scalar(
    name: str,
    parse: Callable[[Any], Any],
    literal: Callable[[ValueNode], Any],
    serialize: Callable[[Any], Any],
    internal: type | None = None,
) -> GraphQLScalarType:
    def parse_value(value: Any) -> Any:
        # graphql-core coerces the defaults of the schema, already parsed, once more.
        if internal is not None and isinstance(value, internal):
            return value
        try:
            return parse(value)
        except (ValueError, OverflowError, InvalidOperation):
            raise GraphQLError(f"{name} cannot represent value: {inspect(value)}")

    def parse_literal(node: ValueNode, _variables: Any = None) -> Any:
        try:
            return parse(literal(node))
        except (ValueError, OverflowError, InvalidOperation):
            message = f"{name} cannot represent value: {print_ast(node)}"
            raise GraphQLError(message, node)

    return GraphQLScalarType(
        name, serialize=serialize, parse_value=parse_value, parse_literal=parse_literal
    )


def isoformat(value: date | datetime | time) -> str:
    return value.isoformat()


def identity(value: Any) -> Any:
    return value


SCALARS: dict[str, GraphQLScalarType] = {
    scalar.name: scalar
    for scalar in (
        make_scalar("Date", parse_date, string_literal, isoformat, date),
        make_scalar("DateTime", parse_date_time, string_literal, isoformat, datetime),
        make_scalar(
            "Decimal", parse_decimal, number_literal, serialize_decimal, Decimal
        ),
        make_scalar("BigInt", parse_big_int, int_literal, identity),
        make_scalar("UUID", parse_uuid, string_literal, str, UUID),
        make_scalar("Time", parse_time, string_literal, isoformat, time),
        make_scalar("JSONString", parse_json_string, string_literal, serialize_json_string),
        make_scalar("GenericScalar", plain, generic_literal, identity),
        make_scalar("NonEmptyString", parse_non_empty, string_literal, identity),
    )
}
