"""How much one transaction gathers."""

from streams.transaction import MOST_READ_BYTES, MOST_S, Transaction


def test_a_transaction_has_room_for_neither_more_records_nor_more_bytes_nor_more_time_than_it_may_take() -> None:
    work = Transaction(began_s=100.0)

    assert work.has_room(5000, 5001, 100.0)
    assert not work.has_room(5000, 5000, 100.0)
    assert not work.has_room(5000, 5001, 100.0 + MOST_S)
    work.read_bytes = MOST_READ_BYTES
    assert not work.has_room(5000, 5001, 100.0)
