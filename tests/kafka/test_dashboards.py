"""Real Prometheus on a real worker on real Kafka: every panel of both dashboards shows something.

The scenario is built so that nothing is empty at whatever time the test runs. Hours are 00:00-24:00 every day, so pace
counts at night too. Targets of every grain are far out of reach and a few events lie in the last three days: some KPI
is behind, and with a message sink that prints, there are notices. Only in the first minutes of a Monday that is a 1st
of January would every period be too young to say anything.
"""

import asyncio
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer
from ruamel.yaml import YAML

from deploy.grafana.generate import DASHBOARDS, FOLDER
from deploy.kafka.broker import free_port
from streams.clock import SystemClock
from streams.core.crowding import MANY
from streams.metrics.definitions import METRICS
from tests import needs
from tests.kafka.harness import ROOT, Road

pytestmark = pytest.mark.prometheus


@pytest.fixture(autouse=True)
def _prometheus_is_here() -> None:
    needs.prometheus()


RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
WITHIN_S = 90.0
GRAINS = ("day", "week", "month", "quarter", "year")
CATALOGUE = """
version: 1
tenant: {id: acme, timezone: Asia/Ho_Chi_Minh, currency: VND, locale: vi}
calendar: {hours: {mon-sun: ["00:00-24:00"]}}
people:
  - {id: an, name: Nguyễn An, team: hn-1}
  - {id: binh, name: Trần Bình, team: hn-1}
  - {id: chi, team: cs-1}
teams:
  - {id: hn-1, title: Hà Nội 1, department: sales}
  - {id: cs-1, department: service}
goals: [{id: grow, title: {vi: Tăng trưởng, en: Grow}}]
kpis:
""" + "".join(
    f"""
  - id: calls_{grain}
    title: {{vi: Cuộc gọi theo {grain}, en: Calls a {grain}}}
    kind: leading
    goal: grow
    unit: calls
    scope: person
    period: {grain}
    measure: {{count: call.completed}}
    targets: [{{value: 100000, per: person}}]
    review_by: 2030-01-01
"""
    for grain in GRAINS
)
CATALOGUE += """
  - id: outcomes
    title: {vi: Cuộc gọi theo kết quả, en: Calls by outcome}
    kind: metric
    unit: calls
    scope: team
    period: month
    by: outcome
    measure: {count: call.completed}
  - id: won
    title: {vi: Khách thành đơn, en: Leads won}
    kind: metric
    unit: "%"
    scope: person
    period: year
    measure: {conversion: {from: lead.created, to: sale.closed, key: lead_id, within: 1h}, as: projected}
"""


class Calls:
    """Events of the scenario; every id is used once unless a test wants it twice."""

    def __init__(self) -> None:
        self._number = 0
        self._now = datetime.fromtimestamp(SystemClock().now_us() / 1_000_000, UTC)

    def one(self, owner: str, ago: timedelta, **changes: Any) -> tuple[bytes, bytes]:
        """A call, or what it is changed to."""
        self._number += 1
        call = f"call-{self._number}"
        event = {
            "specversion": "1.0",
            "id": f"e{self._number}",
            "source": "pbx",
            "type": "call.completed",
            "time": (self._now - ago).isoformat(),
            "subject": call,
            "data": {"owner": owner, "duration_s": 60, "outcome": "answered"},
        }
        return call.encode(), json.dumps(event | changes).encode()

    def history(self) -> list[tuple[bytes, bytes]]:
        """Three days of calls in time order, then what is wrong with some."""
        hours = range(72, 0, -1)
        good = [self.one(owner, timedelta(hours=hour)) for hour in hours for owner in ("an", "binh", "chi")]
        leads = [
            self.one("an", timedelta(hours=hour), type=type_, data={"owner": "an", "lead_id": f"l{hour}"} | more)
            for hour in hours
            for type_, more in (("lead.created", {}), ("sale.closed", {"sale_id": f"s{hour}", "amount": 1}))[
                : 1 + hour % 2
            ]
        ]
        no_lead = {"owner": "an", "lead_id": "0"}
        leads += [self.one("an", timedelta(hours=1), type="lead.created", data=no_lead) for _ in range(MANY)]
        late = [self.one("an", timedelta(days=5)) for _ in range(8)]
        twice = good[:5]
        bad = [(b"x", b"{"), (b"x", b"not json"), self.one("an", timedelta(hours=1), type="nobody.knows")]
        stranger = [self.one("zoe", timedelta(hours=1))]
        key, waiting = self.one("an", timedelta(hours=1), type="call.completed.retracted")
        orphan = json.loads(waiting) | {"data": {"supersedes": {"source": "pbx", "id": "not-yet"}}}
        return [*good, *leads, *late, *twice, *bad, *stranger, (key, json.dumps(orphan).encode())]


class Prometheus:
    """A Prometheus server of this test, asked over HTTP."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._session = session

    async def get(self, path: str, **params: str) -> Any:
        async with self._session.get(f"http://{self._address}/api/v1/{path}", params=params) as answer:
            body = await answer.json()
        assert body["status"] == "success", (path, params, body)
        return body["data"]

    async def numbers(self, expr: str) -> list[float]:
        """Values of an instant query that are numbers."""
        result = (await self.get("query", query=expr))["result"]
        return [value for one in result if not math.isnan(value := float(one["value"][1]))]

    async def answer(self, expr: str, deadline: float) -> list[float]:
        """The first answer that is not empty, or an empty one at the deadline."""
        while True:
            numbers = await self.numbers(expr)
            if numbers or time.monotonic() > deadline:
                return numbers
            await asyncio.sleep(0.5)


@pytest.fixture
def worker_address(road: Road, tmp_path: Path) -> Iterator[str]:
    """`kpi worker` as a process of its own; its metrics are at this address."""
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE)
    address = f"127.0.0.1:{free_port()}"
    host, port = address.split(":")
    environment = road.environment(
        KPI_CATALOGUE=str(tmp_path / "catalogue.yaml"),
        KPI_HTTP_HOST=host,
        KPI_HTTP_PORT=port,
        KPI_PERSON_LABEL="true",
        KPI_CHAT_URLS="console://",
    )
    with (tmp_path / "worker-real.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "streams", "worker"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield address
    finally:
        worker.terminate()
        try:
            worker.wait(10)
        finally:
            worker.kill()


@pytest.fixture
def prometheus_address(worker_address: str, tmp_path: Path) -> Iterator[str]:
    """Prometheus with the rules of deploy/, scraping the worker each second."""
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "kpi-worker", "static_configs": [{"targets": [worker_address]}]}],
    }
    with (tmp_path / "prometheus.yml").open("w") as file:
        YAML(typ="safe").dump(config, file)
    address = f"127.0.0.1:{free_port()}"
    command = [
        "prometheus",
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'tsdb'}",
        f"--web.listen-address={address}",
    ]
    with (tmp_path / "prometheus.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield address
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
async def prometheus(prometheus_address: str) -> AsyncIterator[Prometheus]:
    """The server, once it answers."""
    async with aiohttp.ClientSession() as session:
        await _answers(session, f"http://{prometheus_address}/-/ready")
        yield Prometheus(prometheus_address, session)


async def _answers(session: aiohttp.ClientSession, url: str, within_s: float = 30.0) -> str:
    deadline = time.monotonic() + within_s
    while True:
        with suppress(aiohttp.ClientError):
            async with session.get(url) as answer:
                if answer.status == 200:
                    return await answer.text()
        assert time.monotonic() < deadline, f"{url} does not answer"
        await asyncio.sleep(0.2)


async def _trickle(producer: AIOKafkaProducer, road: Road, calls: Calls) -> None:
    """Something happens all the while, so that no rate is over nothing."""
    while True:
        await road.produce(
            producer, [calls.one(owner, timedelta(minutes=1)) for owner in ("an", "chi")] + [(b"x", b"{")]
        )
        await asyncio.sleep(0.5)


async def _chosen(dashboard: Mapping[str, Any], prometheus: Prometheus, deadline: float) -> dict[str, str]:
    """Every variable set to all its values, as Grafana does for All: a regular expression."""
    chosen: dict[str, str] = {}
    for variable in dashboard.get("templating", {}).get("list", ()):
        found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
        assert found, variable
        series, label = _filled(found[1], chosen), found[2]
        while not (values := await prometheus.get(f"label/{label}/values", **{"match[]": series})):
            assert time.monotonic() < deadline, f"variable {variable['name']} has no values: {series}"
            await asyncio.sleep(0.5)
        chosen[variable["name"]] = "(" + "|".join(map(re.escape, values)).replace("\\", "\\\\") + ")"
    return chosen


def _filled(expr: str, chosen: Mapping[str, str]) -> str:
    expr = expr.replace("$__rate_interval", "15s")
    expr = re.sub(r"\$(\w+)", lambda name: chosen[name[1]], expr)
    assert "$" not in expr
    return expr


async def test_every_panel_shows_something(
    road: Road, producer: AIOKafkaProducer, worker_address: str, prometheus: Prometheus, tmp_path: Path
) -> None:
    async with aiohttp.ClientSession() as session:
        await _answers(session, f"http://{worker_address}/readyz", 60)
        calls = Calls()
        await road.produce(producer, calls.history())
        trickle = asyncio.create_task(_trickle(producer, road, calls))
        deadline = time.monotonic() + WITHIN_S
        try:
            empty = [
                f"{name}: {panel['title']}: {expr}"
                for name in DASHBOARDS
                for panel, expr in await _queries(name, prometheus, deadline)
                if not await prometheus.answer(expr, deadline)
            ]
            for expr in annotations():
                await prometheus.get("query", query=expr)
            rules = await prometheus.get("rules")
            scrape = await _answers(session, f"http://{worker_address}/metrics")
        finally:
            trickle.cancel()

    assert empty == [], (tmp_path / "worker-real.log").read_text()[-3000:]
    assert {rule["lastError"] for group in rules["groups"] for rule in group["rules"] if "lastError" in rule} == set()
    assert metrics_without_sample(scrape) == set()
    assert linted(scrape) == (0, b"", b"")


def linted(scrape: str) -> tuple[int, bytes, bytes]:
    """Exit status and output of promtool."""
    checked = subprocess.run(["promtool", "check", "metrics"], input=scrape.encode(), capture_output=True, check=False)
    return checked.returncode, checked.stdout, checked.stderr


async def _queries(name: str, prometheus: Prometheus, deadline: float) -> list[tuple[dict[str, Any], str]]:
    dashboard = json.loads((FOLDER / name).read_text())
    chosen = await _chosen(dashboard, prometheus, deadline)
    return [
        (panel, _filled(target["expr"], chosen)) for panel in dashboard["panels"] for target in panel.get("targets", ())
    ]


def annotations() -> list[str]:
    """Queries that may be empty, but not wrong."""
    dashboards = [json.loads((FOLDER / name).read_text()) for name in DASHBOARDS]
    return [
        one["expr"] for dashboard in dashboards for one in dashboard["annotations"].get("list", ()) if "expr" in one
    ]


def metrics_without_sample(scrape: str) -> set[str]:
    """Declared metrics of which the scrape has no sample."""
    shown = {re.split(r"[{ ]", line, maxsplit=1)[0] for line in scrape.splitlines() if not line.startswith("#")}
    return {metric.name for metric in METRICS if not shown & set(metric.series)}
