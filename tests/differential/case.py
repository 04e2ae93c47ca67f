"""One request of the corpus."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    category: str
    query: str
    variables: str | None = None  # JSON text, so that numbers keep their digits
    operation: str | None = None
    quirk: str | None = None  # why the reference is not the specification
    name: str = ""
