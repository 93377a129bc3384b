from pathlib import Path

import pytest

from streams.settings import SettingError, load_settings, unknown_variables


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("KPI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("KPI_BROKER_URL", "kafka://broker:9093")


def test_a_broker_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings()

    assert settings.broker_url == ("broker:9093",)
    assert (settings.app_id, settings.partitions, settings.http_port) == ("kpi", 4, 6066)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost", ("localhost:9092",)),
        ("kafka://a:1,kafka://b:2", ("a:1", "b:2")),
        ("a:1; b", ("a:1", "b:9092")),
        ("[::1]:9092", ("[::1]:9092",)),
    ],
)
def test_brokers_come_with_or_without_scheme_and_port(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KPI_BROKER_URL", text)

    assert load_settings().broker_url == expected


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("KPI_BROKER_URL", "http://x", r"KPI_BROKER_URL='http://x': expected kafka://host:port"),
        ("KPI_BROKER_URL", "kafka://x:99999", r"KPI_BROKER_URL='kafka://x:99999': expected kafka"),
        ("KPI_PARTITIONS", "many", r"KPI_PARTITIONS='many': input should be a valid integer"),
        ("KPI_PARTITIONS", "0", r"KPI_PARTITIONS='0': input should be greater than or equal to 1"),
        ("KPI_STORE", "disk", r"KPI_STORE='disk': expected memory or rocksdb"),
        ("KPI_STATE_DIR", "", r"KPI_STATE_DIR='': expected a directory"),
        ("KPI_APP_ID", "my app", r"KPI_APP_ID='my app': expected only letters"),
        ("KPI_SSL_CAFILE", "/no/such", r"KPI_SSL_CAFILE='/no/such': expected a file"),
        ("KPI_SECURITY_PROTOCOL", "SASL_SSL", r"KPI_SASL_MECHANISM is not set"),
    ],
)
def test_a_wrong_setting_is_one_line_with_name_value_and_rule(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, line: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingError, match=line) as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_no_broker_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KPI_BROKER_URL")

    with pytest.raises(SettingError, match="KPI_BROKER_URL is not set: expected kafka://host:port"):
        load_settings()


def test_a_wrong_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_CHAT_URLS", "hunter2 token")

    with pytest.raises(SettingError, match=r"KPI_CHAT_URLS=\(hidden\)") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_a_password_in_the_broker_address_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_BROKER_URL", "kafka://user:hunter2@host:1")

    with pytest.raises(SettingError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


def test_secrets_are_hidden_in_the_settings_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_CHAT_URLS", "slack://hunter2/a,b tgram://x/y, console://")
    settings = load_settings()

    assert [url.get_secret_value() for url in settings.chat_urls] == [
        "slack://hunter2/a,b",
        "tgram://x/y",
        "console://",
    ]
    assert "hunter2" not in repr(settings)


def test_catalogues_are_a_list_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_CATALOGUE", "a.yaml, folder")

    assert load_settings().catalogue == (Path("a.yaml"), Path("folder"))


def test_a_misspelt_variable_is_named_with_the_likely_one() -> None:
    assert unknown_variables({"KPI_PARTITION": "4", "KPI_BROKER_URL": "x", "HOME": "/"}) == [
        "KPI_PARTITION is not a setting and is ignored; did you mean KPI_PARTITIONS?"
    ]
