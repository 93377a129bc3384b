"""What a catalogue may say but should not: one rule, one function, listed in its module's `RULES`. Codes KPI1xx.

A rule takes the catalogue and today's date and yields findings; a new rule is a function, a row in `problems.CODES`,
and a failing and a passing example in deploy/examples/checks, from which the page of all codes is made.
"""

from collections.abc import Callable, Iterator
from datetime import date

from schemas.catalogue.lint import cascade, focus, links, roles, smart, targets, upkeep
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import Finding

__all__ = ["RULES", "Rule", "lint"]

Rule = Callable[[Catalogue, date], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    *smart.RULES,
    *targets.RULES,
    *roles.RULES,
    *links.RULES,
    *focus.RULES,
    *cascade.RULES,
    *upkeep.RULES,
)


def lint(catalogue: Catalogue, today: date) -> list[Finding]:
    """The findings of every rule, in the order of the rules."""
    return [finding for rule in RULES for finding in rule(catalogue, today)]
