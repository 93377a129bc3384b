import pytest

from streams.routing import partition_of


# Expected values: org.apache.kafka.common.utils.UtilsTest.testMurmur2 (Apache Kafka 4.1).
@pytest.mark.parametrize(
    ("key", "hashed"), [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536)]
)
def test_a_key_lands_where_kafkas_default_partitioner_puts_it(key: str, hashed: int) -> None:
    assert partition_of(7)(key) == (hashed & 0x7FFFFFFF) % 7


def test_a_road_without_partitions_is_refused() -> None:
    with pytest.raises(ValueError, match="partitions 0"):
        partition_of(0)
