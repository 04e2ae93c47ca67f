"""Documents about parsing, coercion, execution and introspection."""

from __future__ import annotations

import json
from dataclasses import dataclass

from graphql import get_introspection_query

from case import Case

MANY_DIGITS = "more digits than a decimal type of 28 digits holds"
CODE_POINTS = "columns count code points; the specification leaves the unit open"
NULL_CONDITION = "the specification does not say what a null condition does"
TYPE_ORDER = "the order of these types is free; compare them as a set"
PRINTED_DEFAULT = "how a default of a custom scalar is printed is free"
CONTROL_CHARACTER = "editions of the specification differ about control characters in a string"
WHOLE_SCHEMA = (
    "the order of types and of built-in directives, the printed defaults and the introspection"
    " types themselves are free"
)
EMPTY_NAME = "an empty operation name is often taken as no name"

SYNTAX_ERRORS = [
    "",
    "   ",
    "# only a comment",
    ",,,",
    "{",
    "}",
    "{ }",
    "{ title",
    "{ title } }",
    "{ title { }",
    "{ title { } }",
    "query",
    "query Q",
    "query Q { }",
    "query Q() { title }",
    "query Q($) { title }",
    "query Q($x) { title }",
    "query Q($x:) { title }",
    "query Q($x: Int = ) { title }",
    "query Q($x: Int = $y) { title }",
    "query Q($x: [Int) { title }",
    "query Q($x: Int!!) { title }",
    "query Q($x: [Int = [$y]) { title }",
    "query Q($x: FilterInput = { text: $y }) { title }",
    "query Q(x: Int) { title }",
    "query Q { title } trailing",
    "quer Q { title }",
    "Query { title }",
    "{ title( }",
    "{ echoInt() }",
    "{ echoInt(value) }",
    "{ echoInt(value:) }",
    "{ echoInt(value: ) }",
    "{ echoInt(: 1) }",
    "{ echoInt(value: 1 }",
    "{ echoInt(value: [1, 2) }",
    "{ echoFilter(filter: { text: \"a\" ) }",
    "{ echoFilter(filter: { text }) }",
    "{ echoFilter(filter: { \"text\": \"a\" }) }",
    "{ a: }",
    "{ a: b: c }",
    "{ : title }",
    "{ 1title }",
    "{ title@ }",
    "{ title @1 }",
    "{ title @include() }",
    "{ ... }",
    "{ ... on }",
    "{ ... on Query }",
    "{ ...on { title } }",
    "{ .. title }",
    "{ .title }",
    "{ ...F } fragment F { title }",
    "{ ...F } fragment F on { title }",
    "{ ...F } fragment on on Query { title }",
    "{ ...F } fragment F on Query",
    "{ ...F } fragment on Query { title }",
    "{ ...F } fragment F($x: Int) on Query { title }",
    "{ title } fragment",
    "{ title ? }",
    "{ title; }",
    "{ title % count }",
    "{ title \\ count }",
    "{ title 'x' }",
    "{ echoString(value: 'x') }",
    "{ echoString(value: \"x) }",
    "{ echoString(value: \"x\ny\") }",
    "{ echoString(value: \"\"\"x) }",
    "{ echoString(value: \"\"\"x\"\") }",
    "{ echoString(value: \"\\q\") }",
    "{ echoString(value: \"\\u12\") }",
    "{ echoString(value: \"\\uZZZZ\") }",
    "{ echoString(value: \"\\u{}\") }",
    "{ echoString(value: \"\\u{110000}\") }",
    "{ echoString(value: \"\\u{12\") }",
    "{ echoString(value: \"\\u{D83D}\") }",
    "{ echoString(value: \"\\uD83D\") }",
    "{ echoString(value: \"\\uDE00\\uD83D\") }",
    "{ echoString(value: \"\\uD83D\\n\") }",
    "{ echoString(value: \"\\x41\") }",
    "{ title \u0007 }",
    "{ title \u00e9 }",
    "{ titl\u00e9 }",
    "{ \u201ctitle\u201d }",
    "{ title \u00a0 count }",
    "{ echoInt(value: 01) }",
    "{ echoInt(value: 00) }",
    "{ echoInt(value: -) }",
    "{ echoInt(value: +1) }",
    "{ echoInt(value: --1) }",
    "{ echoInt(value: 1.) }",
    "{ echoInt(value: .5) }",
    "{ echoInt(value: 1.e3) }",
    "{ echoInt(value: 1e) }",
    "{ echoInt(value: 1e+) }",
    "{ echoInt(value: 1.5.2) }",
    "{ echoInt(value: 0x1F) }",
    "{ echoInt(value: 1_000) }",
    "{ echoInt(value: 123abc) }",
    "{ echoInt(value:1list:[]) }",
    "{ echoInt(value: 1.5f) }",
    "{ echoInt(value: $) }",
    "{ echoInt(value: $1) }",
    "{ echoInt(value: @x) }",
    "{ echoInt(value: !) }",
    "{ echoInt(value: 1 value 2) }",
    "{ echoFuel(value: on) fragment }  query",
    "{ title } { count } {",
    "\"description\" { title }",
    "\"description\" query Q { title }",
    "\"description\" fragment F on Query { title } { ...F }",
    "extend query Q { title }",
    "extend type",
    "type T { } { title }",
    "type T { f( ): Int } { title }",
    "enum E { true } { title }",
    "mutation M($t: String!) append(text: $t) { size } }",
    "{\n  title\n  account {\n    id(\n  }\n}",
    "{\r\n  title\r\n  account {\r\n    ]\r\n",
    "{\r  title\r  =\r}",
    "{ title & count }",
    "{ title | count }",
    "[ title ]",
    "( title )",
    "\"{ title }\"",
    "42",
    "{ null: }",
    "query Q($x: Int @) { title }",
    "query Q($x: Int,, $y) { title }",
    "{ title }\u0000",
    "{ title \ufeff count } \ud7ff",
]

# Documents that look odd but are fine, so that the parser does not refuse too much.
SYNTAX_FINE = [
    "{title}",
    "query{title}",
    "\ufeff{ title }",
    "{ title,,,, count, }",
    ",,, query ,,, Q ,, { , title , } ,,",
    "# first\n{ # second\n title # third }\n}# last",
    "{\r\n\ttitle\r\n\tcount\r\n}",
    "{ title\ufeff }",
    "query query { title }",
    "query mutation { query: title fragment: count on: flag }",
    "{ true: title false: count null: flag }",
    "{ type: title input: count enum: flag }",
    "fragment fragment on Query { title } { ...fragment }",
    "fragment query on Query { title } query on { ... on Query { ...query } }",
    "query($on: Int) { echoInt(value: $on) }",
    "query Q($query: Int, $fragment: Int) { echoInt(value: $query, list: [$fragment]) }",
    "{ _: title __: count _1: flag }",
    "{ Title: title TITLE: title }",
    "{ echoInt(value:1,list:[1 2,3\n4]) }",
    "{ echoInt(value:1,list:[])}",
    "{ echoInt(value: -0) }",
    "{ echoString(value: \"#not a comment\") }",
    "{ echoString(value: \"\") }",
    "{ echoFilter(filter: {}) }",
    "{ echoFilter(filter: {text:\"a\"limit:1}) }",
    "query Q ( $x : Int = 1 , ) { echoInt ( value : $x ) }",
    "{ ...on Query{title}...{count}...@include(if:true){flag} }",
    "{ ... F } fragment F on Query { title }",
    "{ title @include ( if : true ) }",
    "{a:title b:count}#",
    "query Q($x: [[Int!]!]! = [[1], [2]]) { echoRequiredMatrix(matrix: $x) }",
    "{ echoGeneric(value: {on: 1, query: 2, true: 3, null: 4}) }",
]

STRINGS = [
    r'"simple"',
    r'"tab\tnewline\nreturn\r"',
    r'"quote \" slash \/ backslash \\"',
    r'"\b\f"',
    r'"\u0041\u00e9\u4E16"',
    r'"\u{41}\u{e9}\u{4e16}\u{1F600}"',
    r'"\u{00000041}"',
    r'"\uD83D\uDE00"',
    '"\U0001F600 caf\u00e9 \u4e16\u754c"',
    '"\u200b\u202e"',
    r'"\u0000"',
    r'"\u{10FFFF}"',
    '"{ } [ ] ( ) $ ! # @ : ..."',
    '"""block"""',
    '""""""',
    '"""   """',
    '"""\n\n\n"""',
    '"""\n  first\n    second\n  third\n"""',
    '"""first\n    second\n      third\n    """',
    '"""\n\n    hello,\n\n      world\n\n    """',
    '"""  leading stays\n  second  \n"""',
    '"""\n\ttab\n\t\ttwo\n"""',
    '"""\n  mixed\n\ttabs\n"""',
    '"""contains \\""" inside"""',
    '"""contains "quotes" and ""two"" inside """',
    '"""back\\slash \\n \\u0041"""',
    '"""line\r\nfeeds\rhere\n"""',
    '"""\U0001F600 caf\u00e9"""',
    '"""# not a comment"""',
    '"""\n    a\n\n\n    b\n"""',
    '"""a\n   \n  b"""',
]


@dataclass(frozen=True)
class ScalarCases:
    """Literals and JSON values that are sent to one echo field."""

    field: str
    type: str
    literals: list[str]
    values: list[str]
    passing: str | None = None


BIG = "170141183460469231731687303715884105727"
TOO_BIG = "170141183460469231731687303715884105728"
DATE_TEXTS = [
    "2024-02-29", "2023-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "2024-1-1",
    "20240101", "2024-01-01T00:00:00", " 2024-01-01", "2024-01-01 ", "", "0001-01-01",
    "9999-12-31", "0000-01-01", "10000-01-01", "-2024-01-01", "2024-W01-1", "today",
    "\u0662\u0660\u0662\u0664-01-01",
]
DATE_TIME_TEXTS = [
    "2024-03-01T12:30:00Z", "2024-03-01T12:30:00+00:00", "2024-03-01T12:30:00+0000",
    "2024-03-01T12:30:00-05:30", "2024-03-01T12:30:00+0130", "2024-03-01T12:30:00",
    "2024-03-01 12:30:00Z", "2024-03-01T12:30Z", "2024-03-01T12:30:00.5Z",
    "2024-03-01T12:30:00.123456Z", "2024-03-01T12:30:00.000000Z", "2024-03-01T12:30:00.000100",
    "2024-01-01T00:30:00+01:00", "2024-12-31T23:30:00-01:00", "2024-03-01T24:00:00Z",
    "2024-03-01T12:60:00Z", "2024-03-01T12:30:60Z", "2024-02-30T12:30:00Z",
    "2024-03-01T12:30:00+24:00", "2024-03-01T12:30:00+00:60", "2024-03-01T12:30:00.Z",
    "2024-03-01T12Z", "2024-03-01T1:30:00Z", "2024-03-01T12:30:00 Z", "12:30:00", "", "now",
    "2024-03-01T12:30:00+01", "1709296200", "2024-03-01T12:30:00-00:00",
]
TIME_TEXTS = [
    "00:00", "23:59", "23:59:59", "12:30:15.5", "12:30:15.123456", "12:30:15.000000", "24:00",
    "12:60", "12:30:60", "1:30", "12", "12:30:15Z", "12:30+01:00", "12:30:15.", "", "noon",
    "12:30:15.1234567",
]
DECIMAL_TEXTS = [
    "0", "-0", "0.0", "-0.00", "1.50", "1.500", "-12.345", "100", "00012.50", "1e3", "1E-3",
    "1.5e2", "-2.5E+1", "0.000000000000000000000000001", "1234567890123456789.123456789",
    "79228162514264337593543950335", "+1", ".5", "5.", "1,5", "1_000", "abc", "", " 1", "1 ",
    "NaN", "Infinity", "-Infinity", "0x10", "--1", "1.2.3", "12345.678900",
]
UUID_TEXTS = [
    "123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174ABC",
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-426614174000}",
    "urn:uuid:123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-42661417400",
    "123e4567-e89b-12d3-a456-42661417400g", "", "123e4567-e89b-12d3-a456-4266141740000",
]
JSON_TEXTS = [
    "{}", "[]", "null", "true", "1", "-1.5", "\"text\"", "{\"a\": [1, 2, {\"b\": null}]}",
    " [1 , 2] ", "{\"caf\u00e9\": \"\u4e16\"}", "\"\\u00e9\\ud83d\\ude00\"", "", "   ", "{", "{a: 1}", "[1,]", "'a'",
    "NaN", "Infinity", "undefined", "01", "{} {}", "\"open",
]
NON_EMPTY_TEXTS = ["a", " a ", "\u00e9", "", " ", "\t\n", "  \u00a0 ", "\u3000", "\U0001F600", "0"]
OTHER_KINDS = ["1", "1.5", "true", "null", "NAME", "[]", "{}", "{ a: 1 }"]
OTHER_VALUES = ["1", "1.5", "true", "null", "[]", "{}", "{\"a\": 1}"]


def quoted(texts: list[str]) -> list[str]:
    return [json.dumps(text, ensure_ascii=False) for text in texts]


def text_scalar(field: str, type_: str, texts: list[str], passing: str) -> ScalarCases:
    strings = quoted(texts)
    return ScalarCases(field, type_, strings + OTHER_KINDS, strings + OTHER_VALUES, passing)


INT_LITERALS = [
    "0", "-0", "1", "-1", "2147483647", "-2147483648", "2147483648", "-2147483649",
    "9007199254740993", "123456789012345678901234567890", "1.0", "1.5", "1e3", "\"1\"", "\"\"",
    "true", "null", "NAME", "[1]", "{}", "{ a: 1 }",
]
INT_VALUES = [
    "0", "-0", "1", "2147483647", "-2147483648", "2147483648", "-2147483649", "1.0", "-3.0",
    "1.5", "1e3", "1e10", "1.5e1", "9007199254740993", "\"1\"", "\"\"", "true", "false", "null",
    "[1]", "[]", "{}",
]
FLOAT_LITERALS = [
    "0", "-0.0", "1", "1.5", "-1.5", "1e3", "1E3", "1e-3", "1.5e+10", "0.1", "123456789012",
    "9007199254740993", "1e308", "5e-324", "3.141592653589793238", "\"1.5\"", "true", "null",
    "NAME", "[1.5]", "{}",
]
FLOAT_VALUES = [
    "0", "1", "1.5", "-1e3", "1.5E-7", "0.1", "2147483648", "9007199254740993", "\"1.5\"",
    "\"\"", "true", "null", "[1.5]", "{}",
]
BIG_INT_LITERALS = [
    "0", "-0", "1", "-1", "2147483648", "9007199254740993", "18446744073709551616", BIG,
    f"-{TOO_BIG}", TOO_BIG, f"-{TOO_BIG[:-1]}9", "9" * 60, "1.0", "1e3", "\"1\"", "true", "null",
    "NAME", "[1]", "{}",
]
BIG_INT_VALUES = [
    "0", "1", "-1", "9007199254740993", "18446744073709551615", "18446744073709551616",
    "-9223372036854775809", BIG, f"-{TOO_BIG}", TOO_BIG, "1.0", "1.5", "1e3", "\"1\"", "true",
    "null", "[1]", "{}",
]
DECIMAL_NUMBERS = [
    "0", "-0", "1", "1.50", "1.500", "-12.345", "0.1", "0.10", "100", "1e3", "1.5e2", "1E-3",
    "2.50E+1", "9007199254740993", "0.1234567890123456789", "1234567890123456789.123456789",
    "79228162514264337593543950335", "0.30000000000000004", "100000000000000000000",
]
BOOLEAN_LITERALS = ["true", "false", "null", "1", "0", "\"true\"", "True", "TRUE", "[true]", "{}", "1.5"]
BOOLEAN_VALUES = ["true", "false", "null", "1", "0", "\"true\"", "\"\"", "[true]", "{}", "1.5"]
ID_LITERALS = [
    "\"a\"", "\"\"", "1", "-1", "0", "9007199254740993", "123456789012345678901234567890",
    "1.0", "true", "null", "NAME", "[1]", "{}", "\"\"\"block\"\"\"",
]
ID_VALUES = [
    "\"a\"", "\"\"", "1", "-1", "9007199254740993", "18446744073709551616", "1.0", "1.5",
    "true", "null", "[1]", "{}",
]
FUEL_LITERALS = ["ELECTRICITY", "GAS", "HEAT", "OIL", "null", "gas", "\"GAS\"", "1", "true", "[GAS]", "{}"]
FUEL_VALUES = ["\"ELECTRICITY\"", "\"HEAT\"", "null", "\"gas\"", "\"GASS\"", "\"\"", "1", "true", "[\"GAS\"]", "{}"]
STRING_VALUES = [
    "\"a\"", "\"\"", "\" \\n\\t \"", "\"\\u00e9\\ud83d\\ude00\"", "1", "1.5", "true", "null",
    "[\"a\"]", "{\"a\": \"b\"}", "[1, \"a\"]",
]
GENERIC_LITERALS = [
    "1", "-1.5", "1e3", "\"a\"", "\"\"\"block\"\"\"", "true", "null", "NAME", "[]", "{}",
    "[1, \"a\", [true, null], { a: 1 }]", "{ a: { b: [1, { c: \"d\" }] }, e: null }",
    "9007199254740993", "[NAME, { a: NAME }]",
]
GENERIC_VALUES = [
    "1", "-1.5", "1e3", "\"a\"", "true", "null", "[]", "{}", "[1, \"a\", [true, null], {\"a\": 1}]",
    "{\"a\": {\"b\": [1, {\"c\": \"d\"}]}, \"e\": null}", "9007199254740993",
]

SCALAR_CASES = [
    ScalarCases("echoInt", "Int", INT_LITERALS, INT_VALUES, "passInt"),
    ScalarCases("echoFloat", "Float", FLOAT_LITERALS, FLOAT_VALUES, "passFloat"),
    ScalarCases("echoString", "String", STRINGS + OTHER_KINDS, STRING_VALUES, "passString"),
    ScalarCases("echoBoolean", "Boolean", BOOLEAN_LITERALS, BOOLEAN_VALUES, "passBoolean"),
    ScalarCases("echoId", "ID", ID_LITERALS, ID_VALUES, "passId"),
    ScalarCases("echoFuel", "Fuel", FUEL_LITERALS, FUEL_VALUES, "passFuel"),
    text_scalar("echoDate", "Date", DATE_TEXTS, "passDate"),
    text_scalar("echoDateTime", "DateTime", DATE_TIME_TEXTS, "passDateTime"),
    text_scalar("echoTime", "Time", TIME_TEXTS, "passTime"),
    text_scalar("echoUuid", "UUID", UUID_TEXTS, "passUuid"),
    text_scalar("echoJson", "JSONString", JSON_TEXTS, "passJson"),
    text_scalar("echoNonEmpty", "NonEmptyString", NON_EMPTY_TEXTS, "passNonEmpty"),
    ScalarCases("echoBigInt", "BigInt", BIG_INT_LITERALS, BIG_INT_VALUES, "passBigInt"),
    ScalarCases(
        "echoDecimal",
        "Decimal",
        DECIMAL_NUMBERS + quoted(DECIMAL_TEXTS) + OTHER_KINDS[2:],
        DECIMAL_NUMBERS + quoted(DECIMAL_TEXTS) + OTHER_VALUES[2:],
        "passDecimal",
    ),
    ScalarCases("echoGeneric", "GenericScalar", GENERIC_LITERALS, GENERIC_VALUES, "passGeneric"),
]

HUGE_DECIMALS = [
    "1234567890123456789012345678901234567890.12",
    "0.1234567890123456789012345678901234567890",
    "79228162514264337593543950336",
]


def unique(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


def scalar_cases(group: ScalarCases) -> list[Case]:
    """The good literals of a scalar share documents; each bad one is its own."""
    made = []
    for literal in unique(group.literals):
        selections = f"{group.field}(value: {literal})"
        if group.passing:
            selections += f" {group.passing}(value: {literal})"
        made.append(Case(f"literal_{group.type}", "{ %s }" % selections))
    for value in unique(group.values):
        query = f"query Q($x: {group.type}) {{ {group.field}(value: $x) "
        query += f"{group.passing}(value: $x) }}" if group.passing else "}"
        made.append(Case(f"variable_{group.type}", query, f'{{"x": {value}}}'))
    return made


def huge_decimal_cases() -> list[Case]:
    made = []
    for digits in HUGE_DECIMALS:
        made.append(Case("literal_Decimal", f"{{ passDecimal(value: {digits}) }}", quirk=MANY_DIGITS))
        made.append(Case("literal_Decimal", f'{{ passDecimal(value: "{digits}") }}', quirk=MANY_DIGITS))
        query = "query Q($x: Decimal) { passDecimal(value: $x) }"
        made.append(Case("variable_Decimal", query, f'{{"x": {digits}}}', quirk=MANY_DIGITS))
    return made


NULL_PROPAGATION = [
    "{ faults { ok boom nothing } }",
    "{ faults { ok boomRequired } title }",
    "{ faults { ok nothingRequired } title }",
    "{ faults { boom child { boomRequired } ok } }",
    "{ faults { child { child { nothingRequired ok } ok } ok } }",
    "{ faults { childRequired { boomRequired } ok } title }",
    "{ faults { child { childRequired { childRequired { boomRequired } } } ok } }",
    "{ faults { bad { id } ok } }",
    "{ faults { badRequired { id } ok } title }",
    "{ faults { list { id ok } } }",
    "{ faults { list { id boomRequired } } }",
    "{ faults { list { nothingRequired } } }",
    "{ faults { listOfRequired { id } ok } }",
    "{ faults { listOfRequired { boomRequired } ok } }",
    "{ faults { requiredList { id boomRequired } } }",
    "{ faults { requiredListOfRequired { id boom } } }",
    "{ faults { requiredListOfRequired { id boomRequired } ok } title }",
    "{ faults { list { requiredList { id } } } }",
    "{ faults { list { requiredListOfRequired { id } } } }",
    "{ faults { list { words wordsOfRequired } } }",
    "{ faults { words wordsOfRequired requiredWords } }",
    "{ faults { words requiredWordsOfRequired } title }",
    "{ faults { brokenList ok } }",
    "{ faults { brokenRequiredList ok } title }",
    "{ faults { device { id } customers { __typename } ok } }",
    "{ a: faults { boom } b: faults { boom } c: faults { boomRequired } d: title }",
    "{ faults { a: boom b: boom c: nothing d: nothingRequired } }",
    "{ faults { boom boom ...F } } fragment F on Faults { boom }",
    "{ faults { boomRequired nothingRequired } }",
    "{ faults { boom boomRequired nothing } }",
    "{ faults { nothingRequired boom } }",
    "{ faultsRequired { ok faults { ok boomRequired } } }",
    "{ faultsRequired { faults { boom } again { ok } } }",
    "{ faultsRequired { again { faults { nothingRequired } again { ok } } ok } }",
    "{ faultsRequired { list { faults { ok } } } }",
    "{ faultsRequired { list { ok } } title }",
    "{ faultsRequired { list { list { ok faults { boomRequired } } } } }",
    "{ faultsRequired { list { faults { childRequired { ok } } } } }",
    "{ matrix { plain rows cells full goodFull cube } }",
    "{ matrix { plain rows cells cube } }",
    "{ matrix { goodFull errorCell errorRow } }",
    "{ matrix { errorCellRequired errorRowRequired nullList } }",
    "{ matrix { self { nullListRequired } plain } }",
    "{ matrix { self { full } self { rows } nullList } title }",
    "{ matrix { objects { id boom } } }",
    "{ matrix { objects { boomRequired } } }",
    "{ matrix { objects { childRequired { ok } } } }",
    "{ accountList { id balance } title }",
    "{ accountList { id credit status owner { name } } }",
    "{ accountList { notes { text } tags address { line1 } } }",
    "{ accountList { readings { totalCount } agreements { id } } }",
    "{ accountList { properties { id address { line1 postcode } } } }",
    "{ account { notes { id text author { name } } } }",
    "{ account { properties { name address { line1 line2 } } } }",
    "{ accounts { edges { cursor node { balance } } totalCount } }",
    "{ accounts { edges { node { id parent { id balance parent { balance } } } } } }",
    "{ nodes(ids: [\"A1\", \"nope\", \"A3\"]) { id ... on Account { balance credit } } }",
    "{ node(id: \"P3\") { id ... on Property { address { postcode } } } }",
    "{ node(id: \"P3\") { id ... on Property { meters { id } } } }",
    "{ node(id: \"nope\") { id } missingAccount { id balance } }",
    "{ accountRequired { id status } title }",
    "{ accountRequired { parent { parent { status } status } } }",
    "{ self { self { title faults { boomRequired } } } }",
    "{ self { accountRequired { parent { status properties { address { line1 } } } } faults { boom } } }",
    "{ self { accountList { balance } } title }",
    "{ passRequired title }",
    "{ self { passRequired(value: null) } title }",
    "{ passMatrix(value: [[1, 2], [3, null], null]) }",
    "{ ok: title faults { x: boom y: child { z: boom } } again: faults { x: boom } }",
    "{ named { name __typename ... on Account { status } ... on Business { age } } }",
    "mutation { appendRequired(text: \"a\") { size } b: appendRequired(text: \"b\", fail: true) { size } c: append(text: \"c\") { size } }",
    "mutation { append(text: \"a\", fail: true) { size } log { size } }",
    "mutation { a: append(text: \"a\") { lastRequired } b: reset { entries lastRequired } c: append(text: \"c\") { size } }",
    "mutation { a: reset { lastRequired } b: append(text: \"b\") { entries } l: log { lastRequired } }",
    "mutation { l: log { lastRequired } append(text: \"never\") { size } }",
]

RESULTS = [
    "{ coercions { %s } }" % field
    for field in (
        "intFromIntegralFloat", "intFromFraction", "intTooBig", "intFromObject", "floatFromInt",
        "floatFromWord", "stringFromInt", "stringFromBoolean", "stringFromList",
        "booleanFromString", "idFromInt", "enumUnknown", "enumUnknownRequired", "dateBroken",
        "decimalBroken", "listFromScalar", "itemsMixed", "itemsMixedRequired",
        "wrongMember { __typename }", "unknownMember { id }", "members { __typename }",
        "required { enumUnknownRequired }",
    )
] + [
    "{ scalars { int float string boolean id fuel } }",
    "{ scalars { date dateTime dateTimeFraction dateTimeOffset time timeFraction } }",
    "{ scalars { decimal decimalZeros decimalHuge bigInt bigIntMin bigIntMax } }",
    "{ scalars { uuid json generic nonEmpty unicode } }",
]

EXECUTION: dict[str, list[str]] = {
    "typename": [
        "{ __typename }",
        "{ a: __typename b: __typename }",
        "mutation { __typename }",
        "mutation { x: __typename append(text: \"a\") { __typename size } }",
        "{ customer { __typename } customers { kind: __typename } }",
        "{ search { __typename ... on Node { t: __typename id } } }",
        "{ account { __typename customer { __typename ... on Person { __typename } } } }",
        "{ __schema { __typename queryType { __typename } } __type(name: \"Fuel\") { __typename enumValues { __typename } } }",
        "{ meters { __typename ... on GasMeter { gas: __typename } ... on ElectricityMeter { electric: __typename } } }",
        "{ ...F } fragment F on Query { __typename self { __typename } }",
        "{ accounts { __typename edges { __typename node { __typename } } pageInfo { __typename } } }",
        "{ __typename @skip(if: true) }",
        "{ __typename @include(if: true) self { __typename @include(if: false) } }",
    ],
    "aliases_and_merging": [
        "{ a: title b: title title }",
        "{ account { id } account { name } account { id number } }",
        "{ b: title a: count ...F c: flag } fragment F on Query { d: title a: count b: title }",
        "{ account { parent { id } } account { parent { name } ...F } } fragment F on Account { parent { number } id }",
        "{ account { owner { name } ...A } ...B } fragment A on Account { owner { age } } fragment B on Query { account { owner { email } name } }",
        "{ search { ... on Account { name: number } ... on Person { name } ... on Business { name } } }",
        "{ meter { id ... on Node { id } ... on Device { id serial } ... on ElectricityMeter { serial phases id } } }",
        "{ ... { title } ... on Query { count } ... { ... { flag title } } }",
        "{ ...A ...A ...B } fragment A on Query { title ...B } fragment B on Query { count }",
        "{ x: echoInt(value: 1) y: echoInt(value: 2) x: echoInt(value: 1) }",
        "{ account { properties { id } properties { meters { id } meters { serial } } } }",
        "{ customers { ... on Person { name spouse { name } } ... on Business { name contact { name } } } }",
        "{ z: count y: count x: count account { z: id y: name x: number } }",
        "{ title account { id name } self { title account { name } } account { balance } count }",
        "{ search(text: \"a\") { ... on Customer { ... on Person { age } ... on Business { years: age } } ... on Device { serial ... on GasMeter { correction } } } }",
        "{ nodes(ids: [\"T1\", \"T2\", \"E1\"]) { ... on Priced { price } ... on Named { name } ... on Device { serial } id } }",
    ],
    "connections": [
        "{ accounts { totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
        "{ accounts(first: 2) { edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
        "{ accounts(last: 2) { edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }",
        "{ accounts(first: 2, after: \"c:1\") { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }",
        "{ accounts(last: 1, before: \"c:3\") { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }",
        "{ accounts(after: \"c:0\", before: \"c:4\", first: 2, last: 1) { edges { cursor } pageInfo { hasNextPage hasPreviousPage } } }",
        "{ accounts(first: 0) { totalCount edges { cursor } pageInfo { startCursor endCursor hasNextPage } } }",
        "{ accounts(first: 100, after: \"c:99\") { edges { cursor } pageInfo { startCursor hasNextPage hasPreviousPage } } }",
        "{ accounts(first: -1) { totalCount } title }",
        "{ account { readings(last: -5) { totalCount } id } }",
        "{ account { readings(after: \"broken\") { totalCount } id } }",
        "{ account { readings { edges { cursor node { value unit at } } pageInfo { hasNextPage } } } }",
        "{ account { readings(first: null) { edges { cursor } pageInfo { hasNextPage } } } }",
        "{ account { readings(first: 5, before: \"c:2\") { edges { cursor node { value } } } } }",
        "{ gasMeter { readings(after: \"c:x\") { totalCount } id } }",
    ],
    "defaults": [
        "{ echoDefaults }",
        "{ echoDefaults(int: 1, float: 2, string: \"\", boolean: false, id: 9, fuel: HEAT) }",
        "{ echoDefaults(int: null, ints: null, period: null, fuel: null, decimal: null) }",
        "{ echoDefaults(ints: 5, single: [null], matrix: [1, null, [2]]) }",
        "{ echoDefaults(ints: [], single: [], matrix: []) }",
        "{ echoDefaults(period: { from: \"2025-05-05\", to: null }) }",
        "{ echoDefaults(date: \"2025-01-01\", decimal: 2.50, bigInt: 1) }",
        "{ echoRequiredDefaults }",
        "{ echoRequiredDefaults(value: 1) }",
        "{ echoRequiredDefaults(list: 3, fuel: OIL) }",
        "{ echoFilter }",
        "{ echoFilter(filter: null) }",
        "{ echoFilter(filter: {}) }",
        "{ echoFilter(filter: { range: {} }) }",
        "{ echoFilter(filter: { range: { min: null } }) }",
        "{ echoFilter(filter: { range: null, text: null, fuel: null, tags: null }) }",
        "{ echoFilter(filter: { and: { not: {} } }) }",
        "{ echoFilter(filter: { and: [{ limit: 1 }, { limit: 2, and: [] }], not: { not: { not: null } } }) }",
        "{ echoFilter(filter: { period: { from: \"2024-01-01\" } }) }",
        "{ echoFilter(filter: { old: 1 }) echoDeprecated(old: \"a\") }",
        "{ echoFilterRequired(filter: {}) }",
        "{ echoFilters(filters: {}) }",
        "{ echoFilters(filters: []) }",
        "{ echoFilters(filters: [{}, { text: \"b\" }]) }",
        "{ echoFilterMatrix(filters: { limit: 3 }) }",
        "{ echoFilterMatrix(filters: [{ limit: 3 }, [null, { limit: 4 }], null]) }",
        "{ echoAddress(address: { line1: \"a\" }) }",
        "{ echoAddress(address: { line1: \" a \", postcode: \"\", coordinates: 1 }) }",
        "{ echoReading(reading: { serial: \"s\", value: \"1.0\" }) }",
        "{ echoReading(reading: { serial: \"s\", value: 7, unit: null, at: \"2024-01-01T00:00:00\" }) }",
        "{ echoTree(tree: { label: \"a\", children: { label: \"b\", children: [{ value: null }] } }) }",
        "{ echoTree(tree: { matrix: 5 }) }",
        "{ echoTree(tree: { matrix: [5, [6, 7]] }) }",
        "{ echoScalars(input: {}) }",
        "{ echoScalars(input: { int: 1, float: 1, string: \"\", boolean: false, id: 1, date: \"2024-01-01\", decimal: 1.10, bigInt: 123456789012345678901 }) }",
        "{ echoScalars(input: { dateTime: \"2024-01-01T00:00:00+02:00\", uuid: \"123E4567-E89B-12D3-A456-426614174000\", time: \"01:02\", json: \"{\\\"a\\\":1}\", generic: [1, { a: \"b\" }], nonEmpty: \"x\" }) }",
        "{ echoScalars(input: { int: null, date: null, decimal: null, json: null, generic: null, nonEmpty: null }) }",
        "{ account { echo } a2: account { echo(prefix: \"x\", ids: 3, filter: { limit: 0 }) } }",
        "query Q($x: Int = 9) { echoInt(value: $x) echoDefaults(int: $x) }",
        "query Q($f: FilterInput = { text: \"v\" }) { echoFilter(filter: $f) }",
        "query Q($f: FilterInput = { range: {}, and: { limit: 2 } }) { echoFilter(filter: $f) }",
        "query Q($m: [[Int]] = 1, $l: [Int!] = 2) { echoLists(matrix: $m, requiredInts: $l) }",
        "query Q($d: Decimal = 1.10, $b: BigInt = 123456789012345678901, $t: DateTime = \"2024-01-01T00:00:00Z\") { echoDecimal(value: $d) echoBigInt(value: $b) echoDateTime(value: $t) }",
        "query Q($x: Int, $p: PeriodInput) { echoDefaults(int: $x, period: $p) }",
        "query Q($x: Int, $y: [Int]) { echoRequiredDefaults(value: $x) echoLists(ints: [1, $x], matrix: [$y]) }",
        "query Q($t: String, $l: Int, $r: Decimal) { echoFilter(filter: { text: $t, limit: $l, range: { max: $r } }) }",
    ],
    "list_coercion": [
        "{ echoLists(ints: 1) }",
        "{ echoLists(ints: null, requiredInts: null) }",
        "{ echoLists(ints: [null, 1]) }",
        "{ echoLists(strings: \"a\", fuels: GAS) }",
        "{ echoLists(matrix: 1, requiredMatrix: 2, cube: 3) }",
        "{ echoLists(matrix: [1, 2], requiredMatrix: [3, [4]], cube: [5, [6], [[7]]]) }",
        "{ echoLists(matrix: [[1], null, [null]], cube: [null, [null], [[null]]]) }",
        "{ echoLists(matrix: [], requiredMatrix: [[]], cube: [[], [[]]]) }",
        "{ echoRequiredList(ints: 1) echoRequiredMatrix(matrix: 1) }",
        "{ echoRequiredMatrix(matrix: [1, [2, 3]]) }",
        "{ echoDate(list: \"2024-01-01\") echoDecimal(list: 1.0) echoGeneric(list: {}) }",
        "{ echoGeneric(list: [[1], { a: 1 }, null, \"b\"]) }",
        "{ nodes(ids: \"A1\") { id } more: nodes(ids: [1, \"P1\"]) { id } none: nodes(ids: []) { id } }",
        "{ passFuels(value: GAS) passDecimals(value: [1.0, \"2.00\", 3]) }",
    ],
    "directives": [
        "{ title @include(if: true) count @include(if: false) }",
        "{ title @skip(if: true) count @skip(if: false) }",
        "{ title @include(if: true) @skip(if: true) count @include(if: true) @skip(if: false) }",
        "{ title @include(if: false) @skip(if: false) count @include(if: false) @skip(if: true) }",
        "{ ... @include(if: false) { title } ... @skip(if: false) { count } }",
        "{ ...F @include(if: false) ...F @skip(if: false) } fragment F on Query { title }",
        "{ ...F @include(if: false) ...G } fragment F on Query { title } fragment G on Query { ...F }",
        "{ title @include(if: false) title }",
        "{ account @skip(if: true) { id } account { name } }",
        "{ account { id @skip(if: true) } }",
        "{ account { ... on Node @include(if: false) { id } ... on Named @skip(if: false) { name } } }",
        "{ title @skip(if: true) }",
        "{ faults { boomRequired @skip(if: true) boom @include(if: false) ok } }",
        "{ title @audience @tag(name: \"a\") @tag(name: \"b\") }",
        "query Q @onQuery @tag(name: \"q\") { title @audience(roles: \"one\", level: 3) }",
        "{ ...F @audience(roles: null) ... @audience { count } } fragment F on Query @audience(level: 2) { title }",
        "mutation { a: append(text: \"a\") { size } b: append(text: \"b\") @skip(if: true) { size } c: append(text: \"c\") @include(if: true) { entries } }",
    ],
    "mutations": [
        "mutation { append(text: \"a\") { entries size last lastRequired } }",
        "mutation { a: append(text: \"a\") { size } b: append(text: \"b\") { entries } c: append(text: \"c\") { last } }",
        "mutation { a: append(text: \"a\") { size } b: append(text: \"b\", fail: true) { size } c: append(text: \"c\") { entries } }",
        "mutation { log { size entries last } }",
        "mutation { a: append(text: \"a\") { size } r: reset { size entries } b: append(text: \"b\") { entries } }",
        "mutation { appendMany(texts: [\"a\", \"b\"]) { entries } joined: appendMany(texts: [\"c\", \"d\"], separator: \"-\") { entries } }",
        "mutation { appendMany(texts: \"one\") { entries } none: appendMany(texts: []) { size } }",
        "mutation { appendReading(input: { serial: \"s\", value: 1.50 }) { entries } }",
        "mutation { ...F c: append(text: \"c\") { entries } ...F } fragment F on Mutation { a: append(text: \"a\") { size } b: append(text: \"b\") { size } }",
        "mutation { z: append(text: \"1\") { entries } y: append(text: \"2\") { entries } x: append(text: \"3\") { entries } }",
        "mutation { ... { a: append(text: \"1\") { size } } b: append(text: \"2\") { size } ... on Mutation { a: append(text: \"1\") { entries } } }",
        "mutation { append(text: \"\\u{1F600}\") { entries } }",
        "mutation { append(text: \"a\", fail: null) { entries } }",
        "mutation M { first: append(text: \"a\") { size } } ",
    ],
    "introspection": [
        "{ __schema { queryType { name } mutationType { name } subscriptionType { name } } }",
        "{ __schema { description } }",
        "{ __type(name: \"Query\") { name kind description } title }",
        "{ __type(name: \"Nothing\") { name } }",
        "{ __type(name: \"Account\") { fields { name isDeprecated deprecationReason } } }",
        "{ __type(name: \"Account\") { fields(includeDeprecated: true) { name isDeprecated deprecationReason } } }",
        "{ __type(name: \"Account\") { fields(includeDeprecated: null) { name } interfaces { name } } }",
        "{ __type(name: \"Fuel\") { kind name description enumValues { name description } } }",
        "{ __type(name: \"Fuel\") { enumValues(includeDeprecated: true) { name isDeprecated deprecationReason } } }",
        "{ __type(name: \"Customer\") { kind possibleTypes { name kind } fields { name } } }",
        "{ __type(name: \"SearchResult\") { possibleTypes { name } } }",
        "{ __type(name: \"ElectricityMeter\") { interfaces { name kind } possibleTypes { name } } }",
        "{ __type(name: \"Device\") { interfaces { name } fields { name type { kind name ofType { kind name } } } } }",
        "{ __type(name: \"Date\") { kind name description fields { name } specifiedByURL } }",
        "{ __type(name: \"UUID\") { name description specifiedByURL } }",
        "{ __type(name: \"Int\") { kind name } s: __type(name: \"String\") { kind specifiedByURL } }",
        "{ __type(name: \"Matrix\") { fields { name type { kind name ofType { kind ofType { kind ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }",
        "{ __type(name: \"TreeInput\") { kind inputFields { name defaultValue type { name kind ofType { kind } } } fields { name } } }",
        "{ __type(name: \"AddressInput\") { inputFields { name defaultValue } } }",
        "{ __type(name: \"PeriodInput\") { description inputFields { name defaultValue description } } }",
        "{ __type(name: \"FilterInput\") { inputFields { name isDeprecated deprecationReason } } }",
        "{ __type(name: \"FilterInput\") { inputFields(includeDeprecated: true) { name isDeprecated deprecationReason } } }",
        "{ __type(name: \"PageInfo\") { fields { name args { name } type { kind ofType { name } } } } }",
        "{ __type(name: \"Mutation\") { fields { name args { name defaultValue type { kind name ofType { kind name } } } } } }",
        "{ __type(name: \"Account\") { fields { name args { name defaultValue } } } }",
        "{ __type(name: \"__Type\") { name kind fields { name } } }",
        "{ __type(name: \"__TypeKind\") { enumValues { name } } }",
        "{ __type(name: \"__DirectiveLocation\") { kind name } }",
        "{ __schema { queryType { fields { name } } } }",
        "{ a: __type(name: \"Log\") { ...T } b: __type(name: \"Note\") { ...T } log: title } fragment T on __Type { name fields { name type { name ofType { name } } } }",
        "query Q($n: String!) { __type(name: $n) { name } }",
        "{ self { title } __schema { queryType { kind } } faults { boom } }",
        "{ __type(name: \"\") { name } account { id } __typename }",
        "{ __type(name: \"query\") { name } }",
        "{ __type(name: \"Query\") { fields @skip(if: true) { name } ofType { name } inputFields { name } enumValues { name } possibleTypes { name } } }",
    ],
}

QUIRKY = [
    Case("syntax_fine", "{ echoString(value: \"a\u0007b\") }", quirk=CONTROL_CHARACTER),
    Case("introspection", get_introspection_query(input_value_deprecation=True), quirk=WHOLE_SCHEMA),
    Case("introspection", "{ __schema { types { name } } }", quirk=TYPE_ORDER),
    Case("introspection", "{ __schema { types { kind name } queryType { name } } title }", quirk=TYPE_ORDER),
    Case("introspection", "{ __schema { directives { name locations isRepeatable args { name defaultValue } } } }", quirk="the built-in directives differ between versions of the specification"),
    Case("introspection", "{ __type(name: \"Node\") { kind possibleTypes { name } } }", quirk=TYPE_ORDER),
    Case("introspection", "{ __type(name: \"Device\") { possibleTypes { name } } }", quirk=TYPE_ORDER),
    Case("introspection", "{ __type(name: \"FilterInput\") { inputFields { name defaultValue } } }", quirk=PRINTED_DEFAULT),
    Case("introspection", "{ __type(name: \"RangeInput\") { inputFields { name defaultValue } } }", quirk=PRINTED_DEFAULT),
    Case("introspection", "{ __type(name: \"__Schema\") { fields { name } } i: __type(name: \"__InputValue\") { fields { name } } f: __type(name: \"__Field\") { fields { name } } d: __type(name: \"__Directive\") { fields { name } } }", quirk="the fields of the introspection types differ between versions of the specification"),
    Case("directives", "query Q($b: Boolean = true) { title @include(if: $b) }", '{"b": null}', quirk=NULL_CONDITION),
    Case("directives", "query Q($b: Boolean = true) { account { id name @skip(if: $b) } title }", '{"b": null}', quirk=NULL_CONDITION),
    Case("syntax_errors", "{ echoString(value: \"\U0001F600\") ? }", quirk=CODE_POINTS),
    Case("values_of_correct_type", "{ echoString(value: \"\U0001F600\") echoInt(value: \"\U0001F600\") }", quirk=CODE_POINTS),
    Case("operations", "query Q { title }", operation="", quirk=EMPTY_NAME),
]



TWO_OPERATIONS = "query A { title } query B { count } mutation C { append(text: \"c\") { entries } }"
VARIED_OPERATIONS = (
    "query A($x: Int!) { echoRequiredOne(value: $x) } query B($y: Int = 4) { echoInt(value: $y) ...F }"
    " fragment F on Query { title }"
)

OPERATIONS = [
    ("{ title }", None, None),
    ("{ title }", None, "A"),
    ("query A { title }", None, None),
    ("query A { title }", None, "A"),
    ("query A { title }", None, "a"),
    ("query A { title }", None, "Unknown"),
    (TWO_OPERATIONS, None, None),
    (TWO_OPERATIONS, None, "A"),
    (TWO_OPERATIONS, None, "B"),
    (TWO_OPERATIONS, None, "C"),
    (TWO_OPERATIONS, None, "D"),
    (VARIED_OPERATIONS, '{"x": 1}', "A"),
    (VARIED_OPERATIONS, '{"x": 1}', "B"),
    (VARIED_OPERATIONS, None, "A"),
    (VARIED_OPERATIONS, '{"y": null}', "B"),
    (VARIED_OPERATIONS, None, None),
    ("mutation { append(text: \"x\") { size } }", None, None),
    ("query A { title } fragment A on Query { count }", None, "A"),
    ("query A { ...A } fragment A on Query { count }", None, "A"),
    ("query A { broken } query B { title }", None, "B"),
    ("query A { title } subscription S { tick }", None, "A"),
    ("query A { title } subscription S { tick }", None, "S"),
    ("query { title }", '{"unused": 1}', None),
    ("query { title }", "{}", None),
]

FILTER = "query Q($f: FilterInput) { echoFilter(filter: $f) }"
FILTERS = "query Q($f: [FilterInput!]) { echoFilters(filters: $f) }"
PERIOD = "query Q($p: PeriodInput!) { echoPeriod(period: $p) }"
TREE = "query Q($t: TreeInput) { echoTree(tree: $t) }"
INTS = "query Q($l: [Int!]) { echoLists(requiredInts: $l) }"
MATRIX = "query Q($m: [[Int]]) { echoLists(matrix: $m) }"
REQUIRED_MATRIX = "query Q($m: [[Int!]!]!) { echoRequiredMatrix(matrix: $m) }"
REQUIRED = "query Q($x: Int!) { echoRequiredOne(value: $x) }"
DEFAULTED = "query Q($x: Int! = 5) { echoRequiredOne(value: $x) }"
OPTIONAL = "query Q($x: Int) { echoInt(value: $x) echoDefaults(int: $x) }"
NULLABLE_DEFAULT = "query Q($x: Int = 5) { echoRequiredOne(value: $x) }"
FALLBACK = "query Q($x: Int) { echoRequiredDefaults(value: $x) }"
READING = "query Q($r: ReadingInput!) { echoReading(reading: $r) }"
SCALARS = "query Q($s: ScalarsInput) { echoScalars(input: $s) }"
BOTH = "query Q($i: Boolean!, $s: Boolean!) { title @include(if: $i) @skip(if: $s) count ... @skip(if: $s) { flag } ...F @include(if: $i) } fragment F on Query { account { id @include(if: $s) number } }"
THREE = "query Q($a: Int!, $b: Fuel!, $c: [String!]) { echoRequired(int: $a, string: \"s\", fuel: $b) echoLists(strings: $c) }"
APPEND = "mutation M($t: String!, $f: Boolean = false) { a: append(text: $t, fail: $f) { entries } b: append(text: \"b\") { entries } }"
IN_INPUT = "query Q($t: String, $l: Int = 3, $r: RangeInput, $g: [String!]) { echoFilter(filter: { text: $t, limit: $l, range: $r, tags: $g }) }"
IN_LIST = "query Q($x: Int, $y: Int = 2) { echoLists(ints: [$x, $y, 3], requiredInts: [$y]) }"
PAGE = "query Q($n: Int, $c: String) { account { readings(first: $n, after: $c) { edges { cursor } pageInfo { hasNextPage } } } }"

VARIABLES = [
    (REQUIRED, None), (REQUIRED, "{}"), (REQUIRED, '{"x": null}'), (REQUIRED, '{"x": 3}'),
    (REQUIRED, '{"y": 3}'), (REQUIRED, '{"X": 3}'), (REQUIRED, '{"x": "3"}'), (REQUIRED, '{"x": [3]}'),
    (DEFAULTED, None), (DEFAULTED, '{"x": null}'), (DEFAULTED, '{"x": 6}'),
    (OPTIONAL, None), (OPTIONAL, '{"x": null}'), (OPTIONAL, '{"x": 6}'), (OPTIONAL, '{"x": true}'),
    (NULLABLE_DEFAULT, None), (NULLABLE_DEFAULT, '{"x": null}'), (NULLABLE_DEFAULT, '{"x": 1}'),
    (FALLBACK, None), (FALLBACK, '{"x": null}'), (FALLBACK, '{"x": 8}'),
    (FILTER, None), (FILTER, '{"f": null}'), (FILTER, '{"f": {}}'), (FILTER, '{"f": {"text": null}}'),
    (FILTER, '{"f": {"limit": null}}'), (FILTER, '{"f": {"limit": "1"}}'), (FILTER, '{"f": {"unknown": 1}}'),
    (FILTER, '{"f": {"txt": 1, "limt": 2}}'), (FILTER, '{"f": {"fuel": "gas"}}'), (FILTER, '{"f": {"fuel": 1, "order": null}}'),
    (FILTER, '{"f": []}'), (FILTER, '{"f": [{}]}'), (FILTER, '{"f": "text"}'), (FILTER, '{"f": 1}'), (FILTER, '{"f": true}'),
    (FILTER, '{"f": {"tags": "one"}}'), (FILTER, '{"f": {"tags": [null]}}'), (FILTER, '{"f": {"tags": ["a", 1, "b", false]}}'),
    (FILTER, '{"f": {"range": {"min": 1.10, "max": "2.20"}}}'), (FILTER, '{"f": {"range": {}}}'), (FILTER, '{"f": {"range": {"min": null}}}'),
    (FILTER, '{"f": {"period": {}}}'), (FILTER, '{"f": {"period": {"from": "x", "inclusive": 1}}}'), (FILTER, '{"f": {"period": {"from": "2024-01-01", "till": null}}}'),
    (FILTER, '{"f": {"and": {"limit": 1}}}'), (FILTER, '{"f": {"and": [{"limit": 1}, null, {"limit": "x"}]}}'), (FILTER, '{"f": {"not": {"not": {"not": {"limit": 1.5}}}}}'),
    (FILTER, '{"f": {"fuels": ["GAS", "HEAT"], "and": [{"fuels": "OIL"}]}}'), (FILTER, '{"f": {"old": 3}}'), (FILTER, '{"f": {"limit": 3000000000}}'),
    (FILTERS, '{"f": {}}'), (FILTERS, '{"f": []}'), (FILTERS, '{"f": [{"limit": 2}, {"bad": true}, {"limit": null}]}'), (FILTERS, '{"f": [null]}'), (FILTERS, '{"f": "x"}'),
    (PERIOD, None), (PERIOD, '{"p": null}'), (PERIOD, '{"p": {}}'), (PERIOD, '{"p": {"from": null}}'), (PERIOD, '{"p": {"from": "2024-02-30"}}'),
    (PERIOD, '{"p": {"from": "2024-02-29", "to": null}}'), (PERIOD, '{"p": {"from": "2024-02-29", "inclusive": null}}'), (PERIOD, '{"p": {"from": 20240229, "to": false, "inclusive": "yes"}}'),
    (TREE, '{"t": {"children": {"children": {"value": 1}}}}'), (TREE, '{"t": {"children": [{"children": [{"value": "1"}]}, {"label": 2}]}}'), (TREE, '{"t": {"matrix": 1}}'),
    (TREE, '{"t": {"matrix": [[1, null], null, [2, "x"]]}}'), (TREE, '{"t": {"label": "a", "value": null, "children": null}}'),
    (INTS, '{"l": null}'), (INTS, '{"l": []}'), (INTS, '{"l": 1}'), (INTS, '{"l": [1, 2.0, 3]}'), (INTS, '{"l": [1, null]}'), (INTS, '{"l": ["1", 2.5, true, null, {}, []]}'), (INTS, '{"l": "1"}'), (INTS, '{"l": {}}'),
    (MATRIX, '{"m": 1}'), (MATRIX, '{"m": [1, 2]}'), (MATRIX, '{"m": [[1], null, [null, 2], 3]}'), (MATRIX, '{"m": [["a"], [[1]]]}'), (MATRIX, '{"m": []}'), (MATRIX, '{"m": [[]]}'),
    (REQUIRED_MATRIX, '{"m": null}'), (REQUIRED_MATRIX, '{"m": [[1, null]]}'), (REQUIRED_MATRIX, '{"m": [null]}'), (REQUIRED_MATRIX, '{"m": 4}'), (REQUIRED_MATRIX, '{"m": [[1, 2], []]}'), (REQUIRED_MATRIX, "{}"),
    (READING, '{"r": {"serial": "s", "value": 1.230}}'), (READING, '{"r": {"serial": "s", "value": "1.230", "address": {"line1": "a"}}}'), (READING, '{"r": {"serial": 5, "value": "x", "at": "y", "unit": "z", "address": {"line1": " "}}}'),
    (READING, '{"r": {"value": 1, "extra": 2}}'), (READING, '{"r": {"serial": "s", "value": 12345678901234567890.123}}'), (READING, '{"r": {"address": {}}}'),
    (SCALARS, '{"s": {"int": 1, "float": 2, "string": "", "boolean": false, "id": 7, "date": "2024-01-01", "dateTime": "2024-01-01T00:00:00+05:00", "decimal": 1.10, "bigInt": 18446744073709551616, "uuid": "123E4567-E89B-12D3-A456-426614174000", "time": "10:00", "json": "[1]", "generic": {"a": [1]}, "nonEmpty": "x"}}'),
    (SCALARS, '{"s": {"int": "1", "float": "2", "string": 3, "boolean": 0, "id": 7.5, "date": 1}}'),
    (SCALARS, '{"s": {"dateTime": "x", "decimal": "y", "bigInt": 1.5, "uuid": "z", "time": "w", "json": "{", "nonEmpty": ""}}'),
    (SCALARS, '{"s": {"int": 1.0, "float": 1e3, "id": 1.0, "decimal": 1e3, "generic": 1e3}}'),
    (THREE, '{"a": "x", "b": "COAL", "c": [1, null]}'), (THREE, "{}"), (THREE, '{"a": 1, "b": "GAS"}'), (THREE, '{"a": 1, "b": null, "c": {}}'), (THREE, '{"a": null, "b": "ELECTRICTY", "c": "one"}'),
    (APPEND, '{"t": "x"}'), (APPEND, '{"t": "x", "f": true}'), (APPEND, '{"t": "x", "f": null}'), (APPEND, '{"t": 1}'), (APPEND, "{}"),
    (IN_INPUT, "{}"), (IN_INPUT, '{"t": null, "l": 4, "r": null, "g": null}'), (IN_INPUT, '{"t": "a", "r": {}, "g": "x"}'), (IN_INPUT, '{"l": null}'), (IN_INPUT, '{"r": {"max": "1.0"}, "g": []}'),
    (IN_LIST, "{}"), (IN_LIST, '{"x": 1, "y": 5}'), (IN_LIST, '{"x": null}'), (IN_LIST, '{"y": null}'),
    (PAGE, "{}"), (PAGE, '{"n": 1}'), (PAGE, '{"n": null}'), (PAGE, '{"n": -1}'), (PAGE, '{"n": 1, "c": "c:0"}'), (PAGE, '{"c": "what"}'),
    ("query Q($p: String!) { account { echo(prefix: $p) } }", '{"p": null}'),
    ("query Q($p: String = \"q\") { account { echo(prefix: $p) id } title }", '{"p": null}'),
    ("query Q($p: String, $i: [ID!]) { account { echo(prefix: $p, ids: $i) } }", '{"i": [1, "a", 2.0]}'),
    ("query Q($a: Int, $b: Int) { x: echoInt(value: $a) y: echoInt(value: $b) z: echoInt(list: [$a, $b]) }", '{"a": 1}'),
    ("query Q($n: String!) { __type(name: $n) { name kind } }", '{"n": "Fuel"}'),
    ("query Q($ids: [ID!]!) { nodes(ids: $ids) { id __typename } }", '{"ids": ["A1", "zzz", "G1"]}'),
    ("query Q($ids: [ID!]!) { nodes(ids: $ids) { id } }", '{"ids": ["A1", null]}'),
    ("query Q($d: Boolean = false) { __type(name: \"Fuel\") { enumValues(includeDeprecated: $d) { name } } }", '{"d": true}'),
    ("query Q($g: GenericScalar!) { echoGeneric(value: $g) }", '{"g": null}'),
    ("query Q($x: Int = 1, $y: Int = 2, $z: Int) { echoInt(list: [$x, $y, $z]) }", '{"y": null}'),
]
CONDITIONS = [
    (BOTH, f'{{"i": {i}, "s": {s}}}') for i in ("true", "false") for s in ("true", "false")
] + [(BOTH, '{"i": true}'), (BOTH, '{"i": null, "s": false}'), (BOTH, '{"i": "true", "s": 0}')]


def cases() -> list[Case]:
    made = [Case("syntax_errors", query) for query in SYNTAX_ERRORS]
    made += [Case("syntax_fine", query) for query in SYNTAX_FINE]
    for group in SCALAR_CASES:
        made += scalar_cases(group)
    made += huge_decimal_cases()
    made += [Case("null_propagation", query) for query in NULL_PROPAGATION]
    made += [Case("results", query) for query in RESULTS]
    made += [Case(name, query) for name, queries in EXECUTION.items() for query in queries]
    made += [Case("operations", *row) for row in OPERATIONS]
    made += [Case("variables", *row) for row in VARIABLES]
    made += [Case("directives", *row) for row in CONDITIONS]
    return made + QUIRKY
