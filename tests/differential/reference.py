"""What graphql-core answers to a request, in the form the HTTP layer would give it."""

from __future__ import annotations

from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    execute,
    parse,
    specified_rules,
    validate,
)

from scalars import load_json
from world import World, resolve_type

Answer = dict[str, Any]


def format_error(error: GraphQLError) -> dict[str, Any]:
    formatted = error.formatted
    keys = ("message", "path", "locations")
    return {key: formatted[key] for key in keys if key in formatted}


def refusal(errors: list[GraphQLError]) -> Answer:
    return {"status": 400, "errors": [format_error(error) for error in errors]}


def broken_rules(schema: GraphQLSchema, document: DocumentNode) -> list[str]:
    """The names of the validation rules that a document breaks."""
    return [
        rule.__name__
        for rule in specified_rules
        if validate(schema, document, [rule])
    ]


class Reference:
    """Answers requests over one schema and one set of data."""

    def __init__(self, schema: GraphQLSchema, data: dict[str, Any]) -> None:
        self.schema = schema
        self.data = data

    def answer(
        self, query: str, variables: str | None, operation: str | None
    ) -> tuple[Answer, list[str]]:
        """The answer, and the validation rules that the document breaks."""
        try:
            document = parse(query)
        except GraphQLSyntaxError as error:
            return refusal([error]), []
        errors = validate(self.schema, document)
        if errors:
            return refusal(errors), broken_rules(self.schema, document)
        return self.run(document, variables, operation), []

    def run(
        self, document: DocumentNode, variables: str | None, operation: str | None
    ) -> Answer:
        world = World(self.data)
        result = execute(
            self.schema,
            document,
            root_value=world.query,
            variable_values=load_json(variables) if variables else None,
            operation_name=operation,
            field_resolver=world.resolve,
            type_resolver=resolve_type,
        )
        errors = result.errors or []
        if any(error.path is None for error in errors):
            return refusal(errors)
        answer: Answer = {"status": 200, "data": result.data}
        if errors:
            answer["errors"] = [format_error(error) for error in errors]
        return answer
