"""Random documents over the schema that are valid, or nearly so."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_required_argument,
)

from random_values import damage, random_value, to_json, to_literal

MAX_DEPTH = 4


@dataclass
class Fragment:
    name: str
    on: Any
    body: str = ""


@dataclass
class Draft:
    """What is collected while one document is made."""

    variables: dict[str, str] = field(default_factory=dict)  # name -> definition
    values: dict[str, Any] = field(default_factory=dict)
    fragments: list[Fragment] = field(default_factory=list)
    aliases: int = 0


@dataclass(frozen=True)
class RandomDocument:
    query: str
    variables: str | None


class DocumentMaker:
    def __init__(self, schema: GraphQLSchema, rng: Random) -> None:
        self.schema = schema
        self.rng = rng
        self.composites = [
            t for t in schema.type_map.values()
            if is_composite_type(t) and not t.name.startswith("__")
        ]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def make(self) -> RandomDocument:
        draft = Draft()
        mutation = self.chance(0.15)
        root = self.schema.mutation_type if mutation else self.schema.query_type
        body = self.selection_set(draft, root, 0)
        head = "mutation" if mutation else "query"
        definitions = ", ".join(draft.variables.values())
        head += " " + self.rng.choice(["Q", "Main", "op"]) if self.chance(0.6) else ""
        head += f"({definitions})" if definitions else ""
        if self.chance(0.1) and not mutation:
            head += " @onQuery"
        parts = [f"{head} {body}"]
        parts += [f"fragment {f.name} on {f.on.name} {f.body}" for f in draft.fragments]
        if self.chance(0.3):
            self.rng.shuffle(parts)
        return RandomDocument("\n".join(parts), self.variables_json(draft))

    def variables_json(self, draft: Draft) -> str | None:
        if not draft.values:
            return None
        return to_json(self.break_values(draft.values))

    def break_values(self, values: dict[str, Any]) -> dict[str, Any]:
        if not self.chance(0.3):
            return values
        name = self.rng.choice(list(values))
        if self.chance(0.2):
            return {key: value for key, value in values.items() if key != name}
        return {**values, name: damage(self.rng, values[name])}

    def selection_set(self, draft: Draft, type_: Any, depth: int) -> str:
        count = self.rng.randint(1, 4 if depth < 2 else 3)
        picked = [self.selection(draft, type_, depth) for _ in range(count)]
        unique = list(dict.fromkeys(s for s in picked if s))
        return "{ %s }" % (" ".join(unique) or "__typename")

    def selection(self, draft: Draft, type_: Any, depth: int) -> str:
        if isinstance(type_, GraphQLUnionType):
            if self.chance(0.25):
                return self.aliased(draft, "__typename", 0.2)
            return self.fragment(draft, type_, depth)
        roll = self.rng.random()
        if roll < 0.06:
            return self.aliased(draft, "__typename", 0.2)
        if roll < (0.45 if is_abstract_type(type_) else 0.2):
            return self.fragment(draft, type_, depth)
        return self.field(draft, type_, depth)

    def fragment(self, draft: Draft, type_: Any, depth: int) -> str:
        on = self.overlapping(type_)
        known = [f for f in draft.fragments if f.body and self.overlap(f.on, type_)]
        if known and self.chance(0.3):
            return f"...{self.rng.choice(known).name}{self.condition(draft)}"
        if self.chance(0.35) and len(draft.fragments) < 3:
            made = Fragment(f"F{len(draft.fragments) + 1}", on)
            draft.fragments.append(made)
            made.body = self.selection_set(draft, on, depth + 1)
            return f"...{made.name}{self.condition(draft)}"
        on_text = f" on {on.name}" if on is not type_ or self.chance(0.6) else ""
        return f"...{on_text}{self.condition(draft)} {self.selection_set(draft, on, depth + 1)}"

    def possible(self, type_: Any) -> set[str]:
        if is_abstract_type(type_):
            return {t.name for t in self.schema.get_possible_types(type_)}
        return {type_.name}

    def overlap(self, left: Any, right: Any) -> bool:
        return bool(self.possible(left) & self.possible(right))

    def overlapping(self, type_: Any) -> Any:
        return self.rng.choice([t for t in self.composites if self.overlap(t, type_)])

    def field(self, draft: Draft, type_: Any, depth: int) -> str:
        name, definition = self.pick_field(type_, depth)
        arguments = self.arguments(draft, definition)
        own_alias = 0.85 if arguments else 0.15
        text = self.aliased(draft, name, own_alias) + arguments + self.condition(draft)
        named = get_named_type(definition.type)
        if is_leaf_type(named):
            return text
        return f"{text} {self.selection_set(draft, named, depth + 1)}"

    def pick_field(self, type_: Any, depth: int) -> tuple[str, GraphQLField]:
        fields = list(type_.fields.items())
        leaves = [item for item in fields if is_leaf_type(get_named_type(item[1].type))]
        nested = [item for item in fields if item not in leaves]
        if type_ is self.schema.query_type:
            pool = leaves if self.chance(0.35) else nested
        elif depth >= MAX_DEPTH:
            pool = leaves or nested
        else:
            pool = fields
        return self.rng.choice(pool)

    def aliased(self, draft: Draft, name: str, share: float) -> str:
        if not self.chance(share):
            return name
        if self.chance(0.05):
            return f"{self.rng.choice(['a1', 'a2', 'id'])}: {name}"
        draft.aliases += 1
        return f"a{draft.aliases}: {name}"

    def condition(self, draft: Draft) -> str:
        if not self.chance(0.08):
            return ""
        directive = self.rng.choice(["include", "skip"])
        if self.chance(0.4):
            name = self.variable(draft, "Boolean!", GraphQLNonNull(self.schema.type_map["Boolean"]))
            return f" @{directive}(if: ${name})"
        return f" @{directive}(if: {self.rng.choice(['true', 'false'])})"

    def arguments(self, draft: Draft, definition: GraphQLField) -> str:
        given = [
            f"{name}: {self.argument(draft, argument)}"
            for name, argument in definition.args.items()
            if is_required_argument(argument) or self.chance(0.4)
        ]
        self.rng.shuffle(given)
        return f"({', '.join(given)})" if given else ""

    def argument(self, draft: Draft, argument: GraphQLArgument) -> str:
        if self.chance(0.35):
            return "$" + self.variable(draft, str(argument.type), argument.type)
        value = random_value(self.rng, argument.type)
        if self.chance(0.03):
            value = damage(self.rng, value)
        return to_literal(value)

    def variable(self, draft: Draft, type_text: str, type_: Any) -> str:
        """Define a variable for a position of this type."""
        name = f"v{len(draft.variables) + 1}"
        default = ""
        if self.chance(0.25):
            nullable = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
            type_text = str(nullable) if self.chance(0.5) else type_text
            value = random_value(self.rng, GraphQLNonNull(nullable))
            default = f" = {to_literal(value)}"
        elif not type_text.endswith("!") and self.chance(0.15):
            type_text += "!"
        draft.variables[name] = f"${name}: {type_text}{default}"
        if not default and (type_text.endswith("!") or self.chance(0.8)) or self.chance(0.4):
            draft.values[name] = random_value(self.rng, type_)
        return name


