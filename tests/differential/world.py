"""The schema and the resolvers over ``data.json``; README.md has the conventions."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from graphql import (
    DocumentNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLNamedType,
    GraphQLResolveInfo,
    GraphQLSchema,
    ScalarTypeDefinitionNode,
    assert_valid_schema,
    extend_schema,
    get_named_type,
    parse,
)

from scalars import SCALARS, serialize_decimal

HERE = Path(__file__).parent
CURSOR = "c:"
# Internal values of these are JSON already; a result needs no parsing before output.
RAW_SCALARS = ("JSONString", "GenericScalar")


def load_schema() -> GraphQLSchema:
    """The schema of ``schema.graphql`` with the scalars of this package."""
    document = parse((HERE / "schema.graphql").read_text(encoding="utf-8"))
    scalars = [d for d in document.definitions if isinstance(d, ScalarTypeDefinitionNode)]
    for definition in scalars:
        describe_scalar(definition)
    rest = tuple(d for d in document.definitions if d not in scalars)
    base = GraphQLSchema(types=list(SCALARS.values()))
    schema = extend_schema(base, DocumentNode(definitions=rest), assume_valid=True)
    schema._validation_errors = None  # what ``assume_valid`` skipped is checked here
    assert_valid_schema(schema)
    return schema


def describe_scalar(definition: ScalarTypeDefinitionNode) -> None:
    scalar = SCALARS[definition.name.value]
    scalar.description = definition.description.value if definition.description else None
    for directive in definition.directives:
        scalar.specified_by_url = directive.arguments[0].value.value


class World:
    """Resolves the fields of one request; the log of mutations starts empty."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.objects: dict[str, Any] = data["objects"]
        self.query: dict[str, Any] = {"__typename": "Query", **data["query"]}
        self.log: list[str] = []

    def resolve(self, source: Any, info: GraphQLResolveInfo, **args: Any) -> Any:
        """The resolver of every field."""
        name = info.field_name
        if info.parent_type.name == "Mutation":
            return self.mutate(name, args)
        if name.startswith("echo"):
            return canonical(args)
        if name.startswith("pass"):
            return args.get("value")
        if info.parent_type.name == "Query" and name == "node":
            return self.objects.get(args["id"])
        if info.parent_type.name == "Query" and name == "nodes":
            return [self.objects.get(key) for key in args["ids"]]
        result_type = get_named_type(info.return_type)
        value = self.look_up(source.get(name), result_type)
        if result_type.name.endswith("Connection") and value is not None:
            return self.connection(value, args)
        return value

    def look_up(self, value: Any, result_type: GraphQLNamedType) -> Any:
        """A value of the data, with its references followed."""
        if isinstance(value, dict) and "$error" in value:
            raise GraphQLError(value["$error"])
        if result_type.name in RAW_SCALARS:
            return value
        if isinstance(value, list):
            return [self.look_up_item(item, result_type) for item in value]
        if isinstance(value, dict) and "$ref" in value:
            return self.query if value["$ref"] == "query" else self.objects[value["$ref"]]
        if value is not None and result_type.name in SCALARS:
            return SCALARS[result_type.name].parse_value(value)
        return value

    def look_up_item(self, item: Any, result_type: GraphQLNamedType) -> Any:
        """graphql-core takes an exception in a list as the error of that item."""
        try:
            return self.look_up(item, result_type)
        except GraphQLError as error:
            return error

    def connection(self, nodes: list[Any], args: dict[str, Any]) -> dict[str, Any]:
        """A page of the nodes; the cursor of the node at index 3 is ``c:3``."""
        start, end = page_bounds(len(nodes), args)
        edges = [{"node": nodes[i], "cursor": f"{CURSOR}{i}"} for i in range(start, end)]
        page_info = {
            "hasNextPage": end < len(nodes),
            "hasPreviousPage": start > 0,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        }
        return {"pageInfo": page_info, "edges": edges, "totalCount": len(nodes)}

    def mutate(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        if name in ("append", "appendRequired"):
            if args.get("fail"):
                raise GraphQLError(f"append failed: {args['text']}")
            self.log.append(args["text"])
        elif name == "appendMany":
            texts, separator = args["texts"], args.get("separator")
            self.log.extend(texts if separator is None else [separator.join(texts)])
        elif name == "appendReading":
            self.log.append(canonical_text(args["input"]))
        elif name == "reset":
            self.log.clear()
        return self.snapshot()

    def snapshot(self) -> dict[str, Any]:
        last = self.log[-1] if self.log else None
        return {
            "__typename": "Log",
            "entries": list(self.log),
            "size": len(self.log),
            "last": last,
            "lastRequired": last,
        }


def resolve_type(value: Any, _info: GraphQLResolveInfo, _type: GraphQLAbstractType) -> str:
    return value["__typename"]


def page_bounds(total: int, args: dict[str, Any]) -> tuple[int, int]:
    """Where a page starts and ends, by the rules of Relay."""
    start, end = 0, total
    after, before = args.get("after"), args.get("before")
    first, last = args.get("first"), args.get("last")
    if after is not None:
        start = min(max(cursor_index(after) + 1, 0), total)
    if before is not None:
        end = max(min(cursor_index(before), total), start)
    if first is not None:
        end = min(end, start + require_natural("first", first))
    if last is not None:
        start = max(start, end - require_natural("last", last))
    return start, end


def require_natural(name: str, number: int) -> int:
    if number < 0:
        raise GraphQLError(f"{name} must not be negative")
    return number


def cursor_index(cursor: str) -> int:
    digits = cursor.removeprefix(CURSOR)
    if digits == cursor or not (digits.isascii() and digits.isdigit()):
        raise GraphQLError(f"invalid cursor: {cursor}")
    return int(digits)


def canonical(value: Any) -> Any:
    """Coerced arguments as JSON; object keys are sorted."""
    if isinstance(value, dict):
        return {key: canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, Decimal):
        return serialize_decimal(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return value


def canonical_text(value: Any) -> str:
    return json.dumps(canonical(value), ensure_ascii=False, separators=(",", ":"))


def load_data() -> dict[str, Any]:
    return json.loads((HERE / "data.json").read_text(encoding="utf-8"))
