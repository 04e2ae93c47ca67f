"""Writes ``cases.jsonl``, ``summary.json`` and the tables of README.md.

Needs graphql-core 3.2.8: another version may word its errors in another way.

The output is the same on every run: ``python3 generate.py``.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Iterator

from graphql import GraphQLSchema, specified_rules, version

import handmade_requests
import handmade_rules
from case import Case
from handmade_requests import CODE_POINTS, NULL_CONDITION
from mutations import Breaker
from random_documents import DocumentMaker
from reference import Answer, Reference
from world import HERE, load_data, load_schema

SEED = 20240229
RANDOM_PLAIN = 650
RANDOM_BROKEN = 700
RANDOM_TEXT = 130
MAX_ANSWER = 2500
MAX_ERRORS = 8
MIN_CASES_PER_RULE = 4
LINE_END = re.compile(r"\r\n|\n|\r")
TABLES = re.compile(r"(?<=<!-- tables -->\n).*(?=<!-- end of tables -->)", re.DOTALL)
# A rule that cannot be broken without a subscription type.
NOT_APPLICABLE = ("SingleFieldSubscriptionsRule",)


class Corpus:
    """The cases so far; a case that says the same as an earlier one is refused."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.lines: list[str] = []
        self.categories: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.rules_of: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.statuses: Counter[str] = Counter()
        self.quirks: Counter[str] = Counter()
        self.seen: set[tuple[str, str | None, str | None]] = set()

    def add(self, case: Case, limited: bool = False) -> bool:
        key = (case.query, case.variables, case.operation)
        if key in self.seen:
            return False
        answer, rules = self.reference.answer(*key)
        if limited and too_large(answer):
            return False
        self.seen.add(key)
        case = replace(case, quirk=case.quirk or implied_quirk(case, answer))
        self.count(case, answer, rules)
        name = f"{case.category}/{self.categories[case.category]:03}"
        self.lines.append(to_line(replace(case, name=name), answer, rules))
        return True

    def count(self, case: Case, answer: Answer, rules: list[str]) -> None:
        self.categories[case.category] += 1
        self.rules.update(rules)
        self.rules_of[case.category].update(rules)
        self.statuses[kind_of(answer)] += 1
        if case.quirk:
            self.quirks[case.quirk] += 1

    def summary(self) -> dict[str, Any]:
        return {
            "reference": f"graphql-core {version}",
            "cases": len(self.lines),
            "answers": dict(sorted(self.statuses.items())),
            "categories": {
                name: {"cases": count, "rules": dict(sorted(self.rules_of[name].items()))}
                for name, count in sorted(self.categories.items())
            },
            "rules": {rule.__name__: self.rules[rule.__name__] for rule in specified_rules},
            "quirks": dict(sorted(self.quirks.items())),
        }


def kind_of(answer: Answer) -> str:
    if answer["status"] == 400:
        return "400"
    return "200 with errors" if "errors" in answer else "200"


def implied_quirk(case: Case, answer: Answer) -> str | None:
    """Why the reference is not the specification, for a document made at random."""
    errors = answer.get("errors", [])
    if any("Argument 'if' of non-null type" in error["message"] for error in errors):
        return NULL_CONDITION
    lines = LINE_END.split(case.query)
    for location in (place for error in errors for place in error.get("locations", [])):
        before = lines[location["line"] - 1][: location["column"] - 1]
        if any(ord(letter) > 0xFFFF for letter in before):
            return CODE_POINTS
    return None


def too_large(answer: Answer) -> bool:
    if len(answer.get("errors", [])) > MAX_ERRORS:
        return True
    return len(json.dumps(answer)) > MAX_ANSWER


def dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_line(case: Case, answer: Answer, rules: list[str]) -> str:
    """One line of the file; the variables keep the text that they were written in."""
    parts = [f'"name":{dump(case.name)}', f'"category":{dump(case.category)}']
    if case.quirk:
        parts.append(f'"quirk":{dump(case.quirk)}')
    if rules:
        parts.append(f'"rules":{dump(rules)}')
    parts.append(f'"query":{dump(case.query)}')
    if case.variables is not None:
        parts.append(f'"variables":{case.variables}')
    if case.operation is not None:
        parts.append(f'"operationName":{dump(case.operation)}')
    parts.append(f'"expect":{dump(answer)}')
    return "{" + ",".join(parts) + "}"


def random_plain(schema: GraphQLSchema, rng: Random) -> Iterator[Case]:
    maker, breaker = DocumentMaker(schema, rng), Breaker(schema, rng)
    while True:
        made = maker.make()
        yield Case("random_plain", breaker.layout(made.query), made.variables)


def random_broken(schema: GraphQLSchema, rng: Random) -> Iterator[Case]:
    maker, breaker = DocumentMaker(schema, rng), Breaker(schema, rng)
    while True:
        made = maker.make()
        yield Case("random_broken", breaker.break_document(made.query), made.variables)


def random_text(schema: GraphQLSchema, rng: Random) -> Iterator[Case]:
    maker, breaker = DocumentMaker(schema, rng), Breaker(schema, rng)
    while True:
        made = maker.make()
        yield Case("random_text", breaker.break_text(made.query), made.variables)


def fill(corpus: Corpus, source: Iterator[Case], wanted: int) -> None:
    added = 0
    while added < wanted:
        added += corpus.add(next(source), limited=True)


def build(reference: Reference) -> Corpus:
    corpus = Corpus(reference)
    for case in handmade_rules.cases() + handmade_requests.cases():
        corpus.add(case)
    schema = reference.schema
    fill(corpus, random_plain(schema, Random(SEED)), RANDOM_PLAIN)
    fill(corpus, random_broken(schema, Random(SEED + 1)), RANDOM_BROKEN)
    fill(corpus, random_text(schema, Random(SEED + 2)), RANDOM_TEXT)
    return corpus


def check_coverage(corpus: Corpus) -> None:
    for rule in specified_rules:
        name = rule.__name__
        if name not in NOT_APPLICABLE and corpus.rules[name] < MIN_CASES_PER_RULE:
            raise SystemExit(f"{name} is broken by {corpus.rules[name]} cases only")


def family(category: str) -> str:
    """The categories of one scalar each are one row of the table."""
    for prefix in ("literal_", "variable_"):
        if category.startswith(prefix):
            return f"{prefix}*"
    return category


def tables(corpus: Corpus) -> str:
    """The numbers of cases by category and by rule, as Markdown."""
    counts: Counter[str] = Counter()
    rules: defaultdict[str, set[str]] = defaultdict(set)
    for category, count in corpus.categories.items():
        counts[family(category)] += count
        rules[family(category)].update(corpus.rules_of[category])
    rows = ["| Category | Cases | Rules broken |", "| --- | ---: | --- |"]
    for name, count in sorted(counts.items()):
        broken = sorted(rule.removesuffix("Rule") for rule in rules[name])
        listed = ", ".join(broken) if len(broken) <= 8 else f"{len(broken)} rules"
        rows.append(f"| {name} | {count} | {listed or '-'} |")
    rows += [f"| **all** | **{sum(counts.values())}** | |", ""]
    rows += ["| Rule | Cases that break it |", "| --- | ---: |"]
    rows += [f"| {rule.__name__} | {corpus.rules[rule.__name__]} |" for rule in specified_rules]
    return "\n".join(rows) + "\n"


def write_tables(corpus: Corpus) -> None:
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    write(readme, TABLES.sub(lambda _: tables(corpus), text))


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    corpus = build(Reference(load_schema(), load_data()))
    check_coverage(corpus)
    write(HERE / "cases.jsonl", "\n".join(corpus.lines) + "\n")
    write(HERE / "summary.json", json.dumps(corpus.summary(), indent=2) + "\n")
    write_tables(corpus)


if __name__ == "__main__":
    main()
