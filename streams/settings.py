"""Settings of a worker, from the environment (prefix KPI_). Nothing else reads the environment.

A wrong setting is one clear line that names the variable, its value (never a secret) and the rule.
"""

import difflib
import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "KPI_"
NOT_OURS = {"KPI_TEST_BROKER", "KPI_KAFKA_LIBS"}
"""Variables with our prefix that tests and deploy/kafka read."""

_ADDRESS = re.compile(r"(?:kafka://)?(?P<host>\[[0-9a-fA-F:]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?/?")
_NAME = re.compile(r"[A-Za-z0-9._-]*")


class SettingError(ValueError):
    """A setting that cannot be used; the message is one line for the person who set it."""


class Settings(BaseSettings):
    """Everything a worker can be told. Durations carry their unit in the name."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, validate_default=False)

    broker_url: Annotated[tuple[str, ...], NoDecode]
    """Kafka brokers, `host:port` each."""
    catalogue: Annotated[tuple[Path, ...], NoDecode] = ()
    app_id: str = Field("kpi", min_length=1, max_length=100)
    topic_prefix: str = Field("", max_length=100)
    partitions: int = Field(4, ge=1, le=1000)
    replication: int = Field(1, ge=1, le=10)
    grace_s: int = Field(300, ge=0, le=86_400)
    horizon_days: int = Field(100, ge=1, le=800)
    store: Literal["memory", "rocksdb"] = "memory"
    state_dir: Path = Path("var/kpi-state")
    """Where the rocksdb store keeps its databases while a worker runs."""
    http_host: str = "0.0.0.0"
    http_port: int = Field(6066, ge=0, le=65_535)
    locale: Literal["vi", "en"] | None = None
    person_label: bool = False
    """Whether Prometheus series carry the person as a label."""
    chat_urls: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    chunk_records: int = Field(5000, ge=1, le=100_000)
    chunk_ms: int = Field(25, ge=0, le=1000)
    session_timeout_s: int = Field(10, ge=1, le=300)
    """How long a worker may be silent before its partitions go to another (also the transaction timeout)."""
    invalid_ratio: float = Field(0.5, ge=0, le=1)
    """Share of rejected records above which a partition is paused; 0 never pauses."""
    invalid_window: int = Field(1000, ge=10, le=1_000_000)
    invalid_least: int = Field(200, ge=1, le=1_000_000)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("broker_url", mode="before")
    @classmethod
    def _brokers(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        brokers = []
        for part in re.split(r"[\s,;]+", value.strip()):
            found = _ADDRESS.fullmatch(part)
            port = int(found["port"] or 9092) if found else 0
            if not found or not 0 < port < 65_536:
                raise ValueError("expected kafka://host:port, or several host:port with commas between")
            brokers.append(f"{found['host']}:{port}")
        return tuple(brokers)

    @field_validator("catalogue", mode="before")
    @classmethod
    def _paths(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(Path(part.strip()) for part in re.split(rf"[,{os.pathsep}]", value) if part.strip())
        return value

    @field_validator("chat_urls", mode="before")
    @classmethod
    def _urls(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        # A comma may be part of a chat address; it ends one only where the next scheme follows.
        urls = [part for part in re.split(r"[\s,]+(?=[a-z][\w+.-]*://)", value.strip()) if part]
        if not all(re.match(r"[a-z][\w+.-]*://\S*$", url) for url in urls):
            raise ValueError("expected Apprise addresses such as slack://... or tgram://..., with spaces between")
        return tuple(SecretStr(url) for url in urls)

    @field_validator("app_id", "topic_prefix")
    @classmethod
    def _kafka_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            raise ValueError("expected only letters, digits, dot, hyphen and underscore, as Kafka allows in names")
        return value

    @field_validator("store", mode="before")
    @classmethod
    def _known_store(cls, value: object) -> object:
        if value not in ("memory", "rocksdb"):
            raise ValueError("expected memory or rocksdb (state is restored from its changelog either way)")
        if value == "rocksdb" and find_spec("rocksdict") is None:
            raise ValueError('this store needs an extra: pip install "kpi-streams[rocksdb]"')
        return value

    @field_validator("state_dir", mode="before")
    @classmethod
    def _some_directory(cls, value: object) -> object:
        if value == "":
            raise ValueError("expected a directory")
        return value

    @field_validator("locale", "sasl_mechanism", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("ssl_cafile", "ssl_certfile", "ssl_keyfile")
    @classmethod
    def _file(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("expected a file that can be read")
        return value

    @model_validator(mode="after")
    def _sasl_is_whole(self) -> "Settings":
        if not self.security_protocol.startswith("SASL"):
            return self
        for name in ("sasl_mechanism", "sasl_username", "sasl_password"):
            if getattr(self, name) is None:
                raise ValueError(f"{PREFIX}{name.upper()} is not set: {PREFIX}SECURITY_PROTOCOL needs it")
        return self

    def topic(self, name: str) -> str:
        """The name of a topic on the cluster."""
        return self.topic_prefix + name


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment; `overrides` (by field name) win over it.

    Raises:
        SettingError: the first wrong setting, as one line.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingError(_first_problem(error)) from None


def http_port() -> int:
    """The port of a worker of this environment, for those who speak to one.

    Raises:
        SettingError: KPI_HTTP_PORT is wrong.
    """
    # No broker is needed for that; a port of 0 was taken by chance, and only the worker's log knows it.
    return load_settings(broker_url=("localhost:9092",)).http_port or Settings.model_fields["http_port"].default


def _first_problem(error: ValidationError) -> str:
    first, *others = error.errors(include_url=False)
    more = f" (and {len(others)} more)" if others else ""
    rule = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return rule + more
    field = str(first["loc"][0])
    name = PREFIX + field.upper()
    if first["type"] == "missing":
        hint = ": expected kafka://host:port of your Kafka (kpi demo needs none)" if field == "broker_url" else ""
        return f"{name} is not set{hint}{more}"
    shown = "(hidden)" if _is_secret(field) else repr(_without_password(str(first["input"])))
    return f"{name}={shown}: {rule[0].lower()}{rule[1:]}{more}"


def _is_secret(field: str) -> bool:
    known = Settings.model_fields.get(field)
    return known is None or "SecretStr" in repr(known.annotation)


def _without_password(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//(hidden)@", text)


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """One warning for each KPI_ variable that nothing reads, with the likely meant one."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | NOT_OURS
    warnings = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            warnings.append(f"{name} is not a setting and is ignored{hint}")
    return warnings
