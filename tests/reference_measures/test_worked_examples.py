"""The reference against the worked examples: what was computed by hand, and no line of the engine."""

import pytest

from tests.reference_measures import rows
from tests.reference_measures.examples import Example, load, names

EXAMPLES = [example for name in names() for example in load(name)]


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.name for example in EXAMPLES])
def test_the_reference_says_what_was_worked_out_by_hand(example: Example) -> None:
    got = rows(example.events, example.catalogue, example.until)

    said = {key: (None if row.value is None else float(row.value), row.n) for key, row in got.items()}
    example.assert_says(said)


def test_an_example_that_is_wrong_is_noticed() -> None:
    example = EXAMPLES[0]
    said = {key: (float(row.value or 0) + 1, row.n) for key, row in rows(example.events, example.catalogue).items()}

    with pytest.raises(AssertionError):
        example.assert_says(said)
