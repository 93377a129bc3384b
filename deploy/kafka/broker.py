"""Apache Kafka on this machine without Docker: one node, started from its jars by Maven and Java 17.

`python -m deploy.kafka.broker run` stays in the foreground, `start` and `stop` work on a data folder, and tests use
`with Broker(folder) as broker`. Only the standard library, so that it runs before anything is installed.
"""

import argparse
import os
import shutil
import signal
import socket
import string
import subprocess
import sys
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

HERE = Path(__file__).parent
LIBS = Path(os.environ.get("KPI_KAFKA_LIBS", Path.home() / ".cache" / "kpi-streams" / "kafka"))
DEFAULT_DATA = Path.home() / ".cache" / "kpi-streams" / "kafka-data"


class BrokerError(RuntimeError):
    """Kafka cannot be started here; the message says why and what to do."""


def missing() -> str | None:
    """What this machine lacks to run Kafka, as a sentence; None when nothing."""
    if shutil.which("java") is None:
        return "Java 17 is not installed (java is not on PATH)"
    if not _jars_present() and shutil.which("mvn") is None:
        return f"Maven is not installed (mvn is not on PATH) and {LIBS} holds no Kafka jars"
    return None


def _jars_present() -> bool:
    return any(LIBS.glob("kafka_2.13-*.jar")) and (LIBS / "complete").exists()


def libs() -> Path:
    """Folder with Kafka's jars; the first call downloads them (54 MB) with Maven."""
    if not _jars_present():
        print(f"downloading Apache Kafka to {LIBS}", file=sys.stderr)
        LIBS.mkdir(parents=True, exist_ok=True)
        command = ["mvn", "-B", "-q", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
        done = subprocess.run(
            [*command, "-DincludeScope=runtime", f"-DoutputDirectory={LIBS}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BrokerError(f"Maven could not fetch Kafka's jars: {(done.stdout + done.stderr).strip()[-800:]}")
        (LIBS / "complete").touch()
    return LIBS


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def new_cluster_id() -> str:
    """A random cluster id as Kafka writes them; like Kafka's own never with `-` first, which reads as an option."""
    while (text := urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text


class Broker:
    """One Kafka node with its data in `data_dir`. `port` 0 takes a free one; it is kept over `stop` and `start`."""

    def __init__(self, data_dir: Path, port: int = 0, heap_mb: int = 384) -> None:
        self.data_dir = data_dir
        self.port = port or free_port()
        self._controller_port = free_port()
        self._heap_mb = heap_mb
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What Kafka prints."""
        return self.data_dir / "kafka.log"

    def start(self, wait_s: float = 60.0) -> None:
        """Starts the node and returns when it takes connections.

        Raises:
            BrokerError: it ended or did not answer within `wait_s` seconds.
        """
        problem = missing()
        if problem:
            raise BrokerError(problem)
        self.data_dir.mkdir(parents=True, exist_ok=True)
        config = self._write_config()
        if not (self.data_dir / "data" / "meta.properties").exists():
            self._format(config, new_cluster_id())
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._java("kafka.Kafka", str(config)), stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        (self.data_dir / "pid").write_text(str(self._process.pid))
        self._wait_for_port(wait_s)

    def stop(self, wait_s: float = 20.0) -> None:
        """Stops the node in order, or kills it after `wait_s` seconds; no process stays behind."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        (self.data_dir / "pid").unlink(missing_ok=True)

    def kill(self) -> None:
        """Ends the node at once, as a lost machine would; `start` brings it back on the same port and data."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def wait(self) -> int:
        """Waits until the node ends; its exit status."""
        assert self._process is not None
        return self._process.wait()

    def __enter__(self) -> "Broker":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _java(self, *arguments: str) -> list[str]:
        options = [f"-Xmx{self._heap_mb}m", f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"]
        # C1 only: a test broker lives for a minute, and the optimising compiler would take the cores from the workers.
        options += ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return ["java", *options, "-cp", f"{libs()}/*", *arguments]

    def _write_config(self) -> Path:
        template = string.Template((HERE / "server.properties.template").read_text())
        config = self.data_dir / "server.properties"
        config.write_text(
            template.substitute(port=self.port, controller_port=self._controller_port, log_dir=self.data_dir / "data")
        )
        return config

    def _format(self, config: Path, cluster_id: str) -> None:
        command = self._java("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster_id, "-c", str(config))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BrokerError(f"Kafka could not format {self.data_dir}: {(done.stdout + done.stderr).strip()[-800:]}")

    def _wait_for_port(self, wait_s: float) -> None:
        assert self._process is not None
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise BrokerError(f"Kafka ended with status {self._process.returncode}: {self._last_words()}")
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise BrokerError(f"Kafka did not listen on {self.address} within {wait_s:.0f} s: {self._last_words()}")

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-800:] if self.log.exists() else "no output"


def _stop_by_pid(data_dir: Path) -> int:
    pid_file = data_dir / "pid"
    if not pid_file.exists():
        print(f"no broker runs in {data_dir}", file=sys.stderr)
        return 1
    try:
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
    except ProcessLookupError:
        print(f"the broker of {data_dir} had already ended", file=sys.stderr)
    pid_file.unlink(missing_ok=True)
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """`run` in the foreground, `start` in the background, `stop` what `start` began."""
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka.broker", description=__doc__)
    parser.add_argument("action", choices=["run", "start", "stop"])
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="data folder (default: %(default)s)")
    parser.add_argument("--port", type=int, default=9092, help="port on 127.0.0.1 (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    if chosen.action == "stop":
        return _stop_by_pid(chosen.data)
    broker = Broker(chosen.data, chosen.port)
    try:
        broker.start()
    except BrokerError as error:
        broker.stop()
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"Kafka listens on {broker.address}; KPI_BROKER_URL=kafka://{broker.address}")
    if chosen.action == "start":
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return broker.wait()
    except KeyboardInterrupt:
        broker.stop()
        return 0


if __name__ == "__main__":
    sys.exit(main())
