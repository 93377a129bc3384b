from pathlib import Path

import pytest

from deploy.kafka import broker
from deploy.kafka.broker import Broker, BrokerError, free_port, new_cluster_id


def test_a_cluster_id_is_never_mistaken_for_an_option() -> None:
    ids = {new_cluster_id() for _ in range(1000)}

    assert not any(one.startswith("-") for one in ids)
    assert {len(one) for one in ids} == {22}


def test_what_a_machine_lacks_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "LIBS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BrokerError, match="Java 17 is not installed"):
        Broker(tmp_path).start()


def test_a_free_port_can_be_bound() -> None:
    assert 1024 < free_port() < 65_536
