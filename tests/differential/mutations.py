"""Operators that break a valid document in one place."""

from __future__ import annotations

from random import Random
from typing import Any, Callable, TypeVar

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    NameNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
    parse,
    parse_type,
    parse_value,
    print_ast,
    strip_ignored_characters,
    visit,
    Visitor,
)

from random_values import to_literal, wrong_value

N = TypeVar("N", bound=Node)
VARIABLE_TYPES = [
    "Int", "Int!", "String", "String!", "[Int]", "[Int!]!", "Boolean", "ID!", "Date", "Fuel",
    "FilterInput", "Account", "Nothing", "[FilterInput!]", "Decimal", "GenericScalar",
]
DIRECTIVES = [
    "@unknown", "@include", "@skip(if: 1)", "@include(if: true, iff: false)", "@onQuery",
    "@deprecated", "@audience(level: null)", "@tag(name: \"t\")", "@skip(if: true)",
    "@include(if: $nowhere)", "@include(if: false) @include(if: true)",
]
EXTRA_DEFINITIONS = [
    "{ title }", "query Q { count }", "query Other { flag }", "fragment F1 on Query { title }",
    "fragment Unused on Account { id }", "fragment Odd on String { x }", "type T { a: Int }",
    "mutation Main { log { size } }", "query Broken { nope }",
]
NOISE = list("{}()[]:!$@|=&\"'.,#?\\") + ["...", "on", "1.", "-", "\"\"\"", "query", "null", "\u00e9"]


def nodes_of(document: DocumentNode, kind: type[N]) -> list[N]:
    found: list[N] = []

    class Collector(Visitor):
        def enter(self, node: Node, *_args: Any) -> None:
            if isinstance(node, kind):
                found.append(node)

    visit(document, Collector())
    return found


class Breaker:
    """Applies one random operator; each reports whether it changed the document."""

    def __init__(self, schema: GraphQLSchema, rng: Random) -> None:
        self.rng = rng
        self.type_names = [name for name in schema.type_map if not name.startswith("__")]
        self.field_names = sorted(
            {name for t in schema.type_map.values() for name in getattr(t, "fields", {})}
        )
        self.operators: list[Callable[[DocumentNode], bool]] = [
            self.rename_field, self.rename_field, self.drop_argument, self.unknown_argument,
            self.repeat_argument, self.replace_value, self.replace_value, self.replace_value,
            self.drop_selections, self.add_selections, self.rename_variable,
            self.drop_variable_definition, self.repeat_variable_definition,
            self.change_variable_type, self.change_variable_type, self.change_default,
            self.rename_spread, self.change_type_condition, self.change_type_condition,
            self.collide_aliases, self.collide_aliases, self.move_field, self.add_directive,
            self.add_directive, self.spread_in_itself, self.add_definition, self.drop_fragment,
            self.vary_arguments,
        ]

    def break_document(self, query: str) -> str:
        """The document with one to three operators applied."""
        document = parse(query, no_location=True)
        for _ in range(self.rng.choice([1, 1, 1, 2, 3])):
            for _attempt in range(10):
                if self.rng.choice(self.operators)(document):
                    break
        return self.layout(print_ast(document))

    def layout(self, text: str) -> str:
        return strip_ignored_characters(text) if self.rng.random() < 0.3 else text

    def break_text(self, query: str) -> str:
        """The text with a character or word lost, added or doubled."""
        position = self.rng.randrange(len(query))
        choice = self.rng.random()
        if choice < 0.35:
            return query[:position] + query[position + 1 :]
        if choice < 0.8:
            return query[:position] + self.rng.choice(NOISE) + query[position:]
        if choice < 0.9:
            return query[:position]
        return query[:position] + query[max(0, position - 5) :]

    def pick(self, items: list[N]) -> N | None:
        return self.rng.choice(items) if items else None

    def misspell(self, name: str) -> str:
        position = self.rng.randrange(len(name))
        if len(name) > 2 and self.rng.random() < 0.6:
            return name[:position] + name[position + 1 :] if position else name[1:]
        return name + self.rng.choice("sxZ_1")

    def rename_field(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, FieldNode))
        if node is None:
            return False
        other = self.rng.random() < 0.4
        name = self.rng.choice(self.field_names) if other else self.misspell(node.name.value)
        node.name = NameNode(value=name if name[0].isalpha() else "x" + name)
        return True

    def fields_with_arguments(self, document: DocumentNode) -> list[FieldNode]:
        return [node for node in nodes_of(document, FieldNode) if node.arguments]

    def drop_argument(self, document: DocumentNode) -> bool:
        node = self.pick(self.fields_with_arguments(document))
        if node is None:
            return False
        gone = self.rng.randrange(len(node.arguments))
        node.arguments = tuple(a for i, a in enumerate(node.arguments) if i != gone)
        return True

    def unknown_argument(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, FieldNode))
        if node is None:
            return False
        name = self.rng.choice(["valu", "filters", "first", "ids", "zzz"])
        value = parse_value(to_literal(wrong_value(self.rng)), no_location=True)
        node.arguments = (*node.arguments, ArgumentNode(name=NameNode(value=name), value=value))
        return True

    def repeat_argument(self, document: DocumentNode) -> bool:
        node = self.pick(self.fields_with_arguments(document))
        if node is None:
            return False
        node.arguments = (*node.arguments, self.rng.choice(node.arguments))
        return True

    def replace_value(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, ArgumentNode))
        if node is None:
            return False
        node.value = parse_value(to_literal(wrong_value(self.rng)), no_location=True)
        return True

    def vary_arguments(self, document: DocumentNode) -> bool:
        """The same field twice in one set, once without its arguments."""
        sets = [
            (s, f)
            for s in nodes_of(document, SelectionSetNode)
            for f in s.selections
            if isinstance(f, FieldNode) and f.arguments
        ]
        if not sets:
            return False
        selections, chosen = self.rng.choice(sets)
        copy = FieldNode(
            alias=chosen.alias, name=chosen.name, arguments=(), directives=(),
            selection_set=chosen.selection_set,
        )
        selections.selections = (*selections.selections, copy)
        return True

    def drop_selections(self, document: DocumentNode) -> bool:
        node = self.pick([f for f in nodes_of(document, FieldNode) if f.selection_set])
        if node is None:
            return False
        node.selection_set = None
        return True

    def add_selections(self, document: DocumentNode) -> bool:
        node = self.pick([f for f in nodes_of(document, FieldNode) if not f.selection_set])
        if node is None:
            return False
        leaf = FieldNode(name=NameNode(value="id"), arguments=(), directives=())
        node.selection_set = SelectionSetNode(selections=(leaf,))
        return True

    def rename_variable(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, VariableNode))
        if node is None:
            return False
        node.name = NameNode(value=self.rng.choice(["v1", "v2", "missing"]))
        return True

    def operation_with_variables(self, document: DocumentNode) -> OperationDefinitionNode | None:
        operations = nodes_of(document, OperationDefinitionNode)
        return self.pick([o for o in operations if o.variable_definitions])

    def drop_variable_definition(self, document: DocumentNode) -> bool:
        node = self.operation_with_variables(document)
        if node is None:
            return False
        node.variable_definitions = node.variable_definitions[1:]
        return True

    def repeat_variable_definition(self, document: DocumentNode) -> bool:
        node = self.operation_with_variables(document)
        if node is None:
            return False
        again = self.rng.choice(node.variable_definitions)
        node.variable_definitions = (*node.variable_definitions, again)
        return True

    def change_variable_type(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, VariableDefinitionNode))
        if node is None:
            return False
        node.type = parse_type(self.rng.choice(VARIABLE_TYPES), no_location=True)
        return True

    def change_default(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, VariableDefinitionNode))
        if node is None:
            return False
        node.default_value = parse_value(to_literal(wrong_value(self.rng)), no_location=True)
        return True

    def rename_spread(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, FragmentSpreadNode))
        if node is None:
            return False
        node.name = NameNode(value=self.rng.choice(["F1", "F2", "F3", "Gone"]))
        return True

    def change_type_condition(self, document: DocumentNode) -> bool:
        kinds: list[Any] = [
            *nodes_of(document, InlineFragmentNode), *nodes_of(document, FragmentDefinitionNode)
        ]
        node = self.pick(kinds)
        if node is None:
            return False
        name = self.rng.choice([*self.type_names, "Nowhere"])
        node.type_condition = NamedTypeNode(name=NameNode(value=name))
        return True

    def collide_aliases(self, document: DocumentNode) -> bool:
        """Two fields of the document get the same response name."""
        fields = nodes_of(document, FieldNode)
        if len(fields) < 2:
            return False
        first, second = self.rng.sample(fields, 2)
        second.alias = NameNode(value=(first.alias or first.name).value)
        return True

    def move_field(self, document: DocumentNode) -> bool:
        """A field appears in a selection set that may be of another type."""
        sets = nodes_of(document, SelectionSetNode)
        if len(sets) < 2:
            return False
        source, target = self.rng.sample(sets, 2)
        moved = self.rng.choice(source.selections)
        if target in nodes_of(moved, SelectionSetNode):
            return False
        target.selections = (*target.selections, moved)
        return True

    def add_directive(self, document: DocumentNode) -> bool:
        kinds: list[Any] = [
            *nodes_of(document, FieldNode),
            *nodes_of(document, FragmentSpreadNode),
            *nodes_of(document, InlineFragmentNode),
            *nodes_of(document, OperationDefinitionNode),
            *nodes_of(document, FragmentDefinitionNode),
        ]
        node = self.rng.choice(kinds)
        sample = parse("{ x %s }" % self.rng.choice(DIRECTIVES), no_location=True)
        node.directives = (*(node.directives or ()), *nodes_of(sample, DirectiveNode))
        return True

    def spread_in_itself(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, FragmentDefinitionNode))
        if node is None:
            return False
        target = self.rng.choice(nodes_of(node, SelectionSetNode))
        spread = FragmentSpreadNode(name=NameNode(value=node.name.value), directives=())
        target.selections = (*target.selections, spread)
        return True

    def add_definition(self, document: DocumentNode) -> bool:
        extra = parse(self.rng.choice(EXTRA_DEFINITIONS), no_location=True)
        document.definitions = (*document.definitions, *extra.definitions)
        return True

    def drop_fragment(self, document: DocumentNode) -> bool:
        node = self.pick(nodes_of(document, FragmentDefinitionNode))
        if node is None or len(document.definitions) < 2:
            return False
        document.definitions = tuple(d for d in document.definitions if d is not node)
        return True
