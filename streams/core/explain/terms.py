"""Terms of the arithmetic of a value: each as leaves (`[1] / [2]`), as numbers and as what it comes to."""

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple


class Joined(StrEnum):
    """The sign between the parts of a term; the one that binds less needs brackets within another."""

    NONE = ""
    SUM = "+"
    QUOTIENT = "/"
    IN_UNIT = "="
    """Its words and numbers are in the KPI's unit already."""


class Term(NamedTuple):
    """A part of the formula: as leaves (`[1] / [2]`), as numbers (`19 / 20`), and what it comes to (None: a divisor is
    0)."""

    formula: str
    numbers: str
    value: Fraction | None
    joined: Joined = Joined.NONE


def number(amount: Fraction) -> str:
    """A number as the formula has it: `12,500,000`, `95.25`."""
    return f"{amount.numerator:,}" if amount.denominator == 1 else f"{float(amount):,.9g}"


def chained(sign: str, terms: list[Term], join: Callable[[Fraction, Fraction], Fraction]) -> Term:
    """Terms with a sign between them."""
    value = terms[0].value
    for term in terms[1:]:
        value = None if value is None or term.value is None else join(value, term.value)
    if len(terms) == 1:
        return terms[0]
    parts = [terms[0], *(bracketed(term, Joined.SUM) for term in terms[1:])]
    return Term(sign.join(term.formula for term in parts), sign.join(term.numbers for term in parts), value, Joined.SUM)


def quotient(top: Term, bottom: Term) -> Term:
    """One over the other; no value where the divisor is 0."""
    value = top.value / bottom.value if top.value is not None and bottom.value else None
    top, bottom = bracketed(top, Joined.SUM), bracketed(bottom, Joined.SUM, Joined.QUOTIENT)
    return Term(f"{top.formula} / {bottom.formula}", f"{top.numbers} / {bottom.numbers}", value, Joined.QUOTIENT)


def bracketed(term: Term, *signs: Joined) -> Term:
    """A term in brackets where it is joined by one of some signs."""
    return Term(f"({term.formula})", f"({term.numbers})", term.value) if term.joined in signs else term


def times(term: Term, factor: Fraction) -> Term:
    """A part of a term, or some of them."""
    if factor == 1:
        return term
    inner = bracketed(term, Joined.SUM, Joined.QUOTIENT)
    value = None if term.value is None else term.value * factor
    shown = number(factor)
    return Term(f"{inner.formula} × {shown}", f"{inner.numbers} × {shown}", value, Joined.QUOTIENT)
