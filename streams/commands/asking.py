"""What `kpi state` and `kpi explain` are asked for: KPI, subject, period and series that the catalogue knows."""

import sys
from pathlib import Path
from typing import NoReturn

import click

from schemas.catalogue.load import load
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CatalogueError
from streams.core.judge_spec import JudgeSpec
from streams.core.pipeline import compiled
from streams.core.policy import Policy
from streams.inspection.asked import Asked, NotAskableError, check
from streams.routing import partition_of
from streams.settings import SettingError, Settings, load_settings


def asked_of(spec: JudgeSpec, kpi: str, subject: str, period: str | None, series: str | None) -> Asked:
    """What is asked, where the catalogue knows of it; else one line and exit 2."""
    try:
        return check(Asked(spec, kpi, subject, period, series))
    except NotAskableError as error:
        refuse(str(error))


def spec_of(catalogue: Catalogue, policy: Policy, partitions: int) -> JudgeSpec:
    """A catalogue over so many partitions."""
    return compiled(catalogue, policy, partitions, partition_of(partitions))


def refuse(sentence: str) -> NoReturn:
    """Wrong use: one line and exit 2."""
    click.echo(f"error: {sentence}", err=True)
    sys.exit(2)


def fail(sentence: str) -> NoReturn:
    """It did not work: one line and exit 1."""
    click.echo(f"error: {sentence}", err=True)
    sys.exit(1)


def catalogue_of(paths: tuple[Path, ...]) -> Catalogue:
    """The catalogue; its problems and exit 1 where it cannot be loaded."""
    try:
        return load(paths)
    except CatalogueError as error:
        click.echo(f"{error}\nerror: the catalogue cannot be loaded", err=True)
        sys.exit(1)


def settings_of(broker: str | None, topic_prefix: str | None) -> Settings:
    """The settings, with what the command line says instead."""
    told = {"broker_url": broker, "topic_prefix": topic_prefix}
    try:
        return load_settings(**{name: value for name, value in told.items() if value is not None})
    except SettingError as error:
        raise click.UsageError(f"{error}" if broker is None else f"--broker or a setting: {error}") from None
