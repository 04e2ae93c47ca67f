#!/usr/bin/env python3
"""Reads SDL from standard input and fails where graphql-core finds it invalid."""

import sys

from graphql import build_schema, validate_schema

errors = validate_schema(build_schema(sys.stdin.read()))
for error in errors:
    print(error, file=sys.stderr)
sys.exit(bool(errors))
