import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.routing import partition_of, place, places


# Expected values: org.apache.kafka.common.utils.UtilsTest.testMurmur2 (Apache Kafka 4.1).
@pytest.mark.parametrize(
    ("key", "hashed"), [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536)]
)
def test_a_key_lands_where_kafkas_default_partitioner_puts_it(key: str, hashed: int) -> None:
    assert partition_of(7)(key) == (hashed & 0x7FFFFFFF) % 7


def test_a_road_without_partitions_is_refused() -> None:
    with pytest.raises(ValueError, match="partitions 0"):
        partition_of(0)


@given(st.lists(st.binary(max_size=40) | st.text(max_size=10).map(str.encode)), st.integers(1, 300))
def test_many_keys_land_where_each_of_them_lands(keys: list[bytes], partitions: int) -> None:
    assert [place(key, partitions) for key in keys] == places(keys, partitions)
