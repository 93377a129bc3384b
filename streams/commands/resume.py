"""`kpi resume`: tells the workers to read a partition on that the guard of the intake has paused."""

import json
import sys
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import click

from streams.settings import SettingError, http_port

TIMEOUT_S = 15.0


@click.command("resume")
@click.argument("partition", type=click.IntRange(0))
@click.option("--accept", default=0, type=click.IntRange(0), help="Let so many more records pass unjudged.")
@click.option(
    "--worker", "workers", multiple=True,
    help="Address of a worker, as http://host:6066; several may be given. Default: this machine, KPI_HTTP_PORT.",
)  # fmt: skip
def command(partition: int, accept: int, workers: tuple[str, ...]) -> None:
    """Read a paused partition of kpi.events on, from exactly where it was paused.

    A worker pauses a partition when more than KPI_INVALID_RATIO of its last KPI_INVALID_WINDOW records were rejected.
    Repair what sends them first. Bad records that still lie there become dead letters; where they are many, --accept
    keeps the guard from pausing again on each few hundred of them.

    Each --worker is asked in turn until the one that has the partition answers. Exit 0: it is read on; 1: it is not.
    """
    try:
        asked = workers or (f"http://127.0.0.1:{http_port()}",)
    except SettingError as error:
        raise click.UsageError(str(error)) from None
    for worker in asked:
        if not worker.startswith(("http://", "https://")):
            raise click.UsageError(f"--worker {worker!r}: expected an address such as http://host:6066")
        outcome = _ask(worker.rstrip("/"), partition, accept)
        if outcome == "resumed":
            click.echo(f"partition {partition} is read on ({worker})")
            return
        if outcome != "not_here":
            click.echo(f"error: {worker}: {SAID.get(outcome, outcome).format(partition=partition)}", err=True)
            sys.exit(1)
    click.echo(
        f"error: none of {', '.join(asked)} has partition {partition}: give the address of each --worker", err=True
    )
    sys.exit(1)


SAID = {
    "not_paused": "partition {partition} is not paused",
    "not_yet": "asked to read partition {partition} on, but it is not committed yet; look at /readyz",
}


def _ask(worker: str, partition: int, accept: int) -> str:
    """The worker's outcome, or a sentence why it gave none."""
    request = Request(
        f"{worker}/api/partitions/{partition}/resume",
        data=json.dumps({"accept": accept}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=TIMEOUT_S) as answer:
            return str(json.load(answer)["outcome"])
    except HTTPError as error:
        try:
            body = json.load(error)
            return str(body.get("outcome") or body["error"])
        except (ValueError, KeyError, AttributeError):
            return f"answered {error.code}; is it a KPI worker?"
    except (URLError, OSError, ValueError, KeyError) as error:
        return f"does not answer: {getattr(error, 'reason', error)}"
