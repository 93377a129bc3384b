"""`kpi worker`: the stages of the catalogue on Kafka, with web pages, until it is told to stop."""

import asyncio
import os
import sys

import click
from prometheus_client import CollectorRegistry

from schemas.catalogue.load import load
from schemas.catalogue.models import Catalogue
from schemas.catalogue.problems import CatalogueError
from streams.app import Worker, build_app, quiet_logs
from streams.clock import Clock, SystemClock
from streams.cluster import APACHE_KAFKA, Cluster
from streams.core.pipeline import stages
from streams.core.policy import DAY_US, SECOND_US, GuardPolicy, Policy
from streams.core.stage import StoreFailedError
from streams.core.store import OpenStore, in_memory
from streams.garbage import collect_seldom
from streams.metrics.collector import register
from streams.metrics.fault_log import FaultLog
from streams.routing import partition_of
from streams.serving import Serving
from streams.settings import SettingError, Settings, load_settings, unknown_variables
from streams.sinks.registry import Sinks, SinkSettingError, sinks_of


@click.command(name="worker")
def command() -> None:
    """Run the worker against Kafka. Settings come from the environment (KPI_BROKER_URL, KPI_CATALOGUE, ...).

    Exit 0: told to stop; 1: it could not work; 2: a wrong setting.
    """
    try:
        settings = load_settings()
        sinks = Sinks(sinks_of(settings.chat_urls))
        if not settings.catalogue:
            raise SettingError("KPI_CATALOGUE is not set: expected catalogue files or folders, with commas between")
    except (SettingError, SinkSettingError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    quiet_logs(settings.log_level)
    for warning in unknown_variables(os.environ):
        print(f"warning: {warning}", file=sys.stderr)
    try:
        catalogue = load(settings.catalogue)
    except CatalogueError as error:
        print(error, file=sys.stderr)
        print(f"error: the catalogue cannot be loaded ({len(error.problems)} errors above)", file=sys.stderr)
        raise SystemExit(1) from None
    raise SystemExit(asyncio.run(run(settings, catalogue, sinks)))


async def run(settings: Settings, catalogue: Catalogue, sinks: Sinks) -> int:
    """Assembles and runs one worker; its exit status."""
    collect_seldom()
    try:
        return await assemble(settings, catalogue, sinks).run()
    except StoreFailedError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        await sinks.close()


def assemble(
    settings: Settings, catalogue: Catalogue, sinks: Sinks, clock: Clock | None = None, cluster: Cluster = APACHE_KAFKA
) -> Worker:
    """A worker over the catalogue's stages, with its web pages; by the system's clock unless another is given."""
    place = partition_of(settings.partitions)
    road = stages(catalogue, policy_of(settings, sinks), settings.partitions, place, store_of(settings))
    worker = build_app(settings, road, clock or SystemClock(), sinks, cluster)
    registry = CollectorRegistry()
    register(registry, worker, catalogue, person_label=settings.person_label, locale=settings.locale)
    worker.add_service(Serving(worker, catalogue, registry))
    worker.add_service(FaultLog(worker))
    return worker


def store_of(settings: Settings) -> OpenStore:
    """Where the settings say that events inside the horizon are kept.

    Raises:
        StoreFailedError: nothing can be written there.
    """
    if settings.store == "memory":
        return in_memory
    from streams.disk_store import DiskStores  # needs the extra `rocksdb`

    return DiskStores(settings.state_dir).open


def policy_of(settings: Settings, sinks: Sinks) -> Policy:
    """What the settings say about lateness, age, channels and broken input."""
    return Policy(
        grace_us=settings.grace_s * SECOND_US,
        horizon_us=settings.horizon_days * DAY_US,
        channels=sinks.names,
        locale=settings.locale,
        guard=GuardPolicy(settings.invalid_ratio, settings.invalid_window, settings.invalid_least),
    )
