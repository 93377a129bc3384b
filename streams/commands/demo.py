"""`kpi demo`: everything on this machine, with no broker to install."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import click
from babel.numbers import format_decimal

from schemas.catalogue.models import text
from schemas.topics import ALL
from streams import clock as clocks
from streams.app import Worker, quiet_logs
from streams.clock import PacedClock
from streams.cluster import EMBEDDED
from streams.commands.worker import assemble
from streams.demo import EARLY_US, Feeder, SinceSink, pace_of
from streams.embedded import PARTITIONS, EmbeddedBrokerError, embedded_broker
from streams.settings import SettingError, Settings, load_settings
from streams.simulation.company import Company, company_of, demo_company, with_short_targets_from
from streams.simulation.generate import Arrival, generate
from streams.simulation.stories import stories_from
from streams.sinks.console import ConsoleSink
from streams.sinks.registry import Sinks

SPEED = 300.0
HOST = "127.0.0.1"
DETAILED_DAYS = 3
"""At least so many working days are told whole before the clock runs, from a Monday on: hourly baselines need them."""
CHUNK_RECORDS = 250
"""Small, so that pages answer while the past is read."""

SAYS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "what": "{company}: {people} người ở {departments} bộ phận, dữ liệu mô phỏng, hạt giống {seed}.\n"
        "Một giây thật là {speed:g} giây mô phỏng; đêm và ngày nghỉ trôi qua trong vài giây.\n"
        "Được dựng sẵn: sáng nay một nhân viên kinh doanh ngừng gọi rồi gọi lại; khách hàng tiềm năng của Marketing"
        " cạn trong một giờ rồi trở lại.\n"
        "Kafka chạy trong bộ nhớ của tiến trình này: tắt là mất hết, không hứa phục hồi sau sự cố.",
        "where": "Bảng KPI     {url}/\nMetrics      {url}/metrics\nSức khỏe     {url}/readyz\nDừng: Ctrl-C",
        "past": "Đang đọc dữ liệu từ {first:%d/%m/%Y}…",
        "live": "Đã đọc {events} sự kiện cũ. Bây giờ là {now:%H:%M} ngày {now:%d/%m/%Y}; cảnh báo hiện ra bên dưới.",
        "end": "Đã dừng sau {events} sự kiện; không còn gì chạy lại phía sau.",
    },
    "en": {
        "what": "{company}: {people} people in {departments} departments, simulated data, seed {seed}.\n"
        "One real second is {speed:g} simulated ones; nights and days off pass in a few seconds.\n"
        "On purpose: this morning one salesperson stops calling and starts again, and marketing's leads dry up for an"
        " hour and come back.\n"
        "Kafka lives in this process's memory: what stops is gone, and no crash recovery is claimed.",
        "where": "Wallboard    {url}/\nMetrics      {url}/metrics\nHealth       {url}/readyz\nStop: Ctrl-C",
        "past": "Reading the data since {first:%d/%m/%Y}…",
        "live": "Read {events} past events. It is now {now:%H:%M} on {now:%d/%m/%Y}; alerts appear below.",
        "end": "Stopped after {events} events; nothing is left running.",
    },
}


@click.command(name="demo")
@click.option(
    "--for", "for_s", type=click.FloatRange(min=0, min_open=True), help="Seconds to run (default: until Ctrl-C)."
)
@click.option(
    "--speed",
    type=click.FloatRange(min=1, max=3600),
    default=SPEED,
    show_default=True,
    help="Simulated seconds in a second; at 300 a working day takes two minutes.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another day.")
@click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True, help="Language of it all.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=6066, show_default=True, help="Of the pages; 0: a free one."
)
def command(for_s: float | None, speed: float, seed: int, lang: str, port: int) -> None:
    """Run a simulated company, the worker, metrics and the wallboard, with no broker to install.

    Exit 0: stopped by Ctrl-C or --for; 1: it could not run, for instance because the port is taken.
    """
    quiet_logs("WARNING")
    company = demo_company()
    scene = scene_on(company, clocks.today(company.windows.clock.zone))
    try:
        with embedded_broker(topic.name for topic in ALL) as broker:
            settings = load_settings(
                broker_url=broker,
                catalogue=(),
                app_id="kpi-demo",
                topic_prefix="",
                partitions=PARTITIONS,
                http_host=HOST,
                http_port=_port(port),
                locale=lang,
                person_label=True,
                chat_urls=(),
                chunk_records=CHUNK_RECORDS,
                security_protocol="PLAINTEXT",
            )
            status = asyncio.run(_run(settings, scene, for_s, speed, seed))
    except (EmbeddedBrokerError, SettingError) as error:
        click.echo(f"error: {error}", err=True)
        raise SystemExit(1) from None
    except KeyboardInterrupt:  # before the worker listens to signals
        status = 0
    raise SystemExit(status)


def _port(wanted: int) -> int:
    """The port, looked at before anything is started; a free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            raise SettingError(f"cannot listen on {HOST}:{wanted}: {error.strerror}; choose another --port") from None
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Scene:
    """The company on the demo's first day. Its past has results from `first`, all from `detailed_from` on."""

    company: Company
    today: date
    first: date
    detailed_from: date

    @property
    def live_us(self) -> int:
        """When the clock begins to run: a little before work."""
        return self.company.opens_us(self.today) - EARLY_US

    def arrivals(self, seed: int) -> Iterator[Arrival]:
        """All events, without end; the stories begin today."""
        stories = stories_from(self.company, self.today, seed)
        first_us = self.company.windows.day(self.first).start_us
        return generate(self.company, first_us, None, seed, stories, self.detailed_from)


def scene_on(company: Company, day: date) -> Scene:
    """The scene for the first working day from `day` on."""
    working = company.calendars.tenant
    today = company.working_day(day)
    monday = today - timedelta(today.weekday())
    while working.working_days(monday, today) < DETAILED_DAYS:
        monday -= timedelta(7)
    told = company_of(with_short_targets_from(company.catalogue, monday))
    return Scene(told, today, (today.replace(day=1) - timedelta(1)).replace(day=1), monday)


async def _run(settings: Settings, scene: Scene, for_s: float | None, speed: float, seed: int) -> int:
    """One demo; its exit status."""
    company, live_us, lang = scene.company, scene.live_us, settings.locale or "vi"
    clock = PacedClock(live_us, pace_of(company.calendars.tenant, speed))
    sinks = Sinks({"console": SinceSink(ConsoleSink("console"), live_us)})
    worker = assemble(settings, company.catalogue, sinks, clock, EMBEDDED)

    def told(events: int) -> None:
        now = datetime.fromtimestamp(live_us / 1_000_000, company.windows.clock.zone)
        click.echo(SAYS[lang]["live"].format(events=format_decimal(events, locale=lang), now=now))

    feeder = Feeder(settings, scene.arrivals(seed), live_us, clock, worker, told)
    _introduce(settings, scene, lang, seed, speed)
    if for_s is not None:
        asyncio.get_running_loop().call_later(for_s, worker.stop)
    feeding = asyncio.create_task(feeder.run())
    feeding.add_done_callback(lambda done: _notice_failure(done, worker))
    try:
        return await worker.run()
    finally:
        feeding.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await feeding
        await sinks.close()
        click.echo(SAYS[lang]["end"].format(events=format_decimal(feeder.sent, locale=lang)))


def _introduce(settings: Settings, scene: Scene, lang: str, seed: int, speed: float) -> None:
    catalogue, says = scene.company.catalogue, SAYS[lang]
    name = text(catalogue.tenant.title, lang) if catalogue.tenant.title else catalogue.tenant.id
    departments = len({team.department for team in catalogue.teams})
    people = len(catalogue.people)
    click.echo(says["what"].format(company=name, people=people, departments=departments, seed=seed, speed=speed))
    click.echo(says["where"].format(url=f"http://{settings.http_host}:{settings.http_port}"))
    click.echo(says["past"].format(first=scene.first))


def _notice_failure(done: asyncio.Task[None], worker: Worker) -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        worker.fail(f"the simulated company cannot send its events: {type(error).__name__}: {error}")
