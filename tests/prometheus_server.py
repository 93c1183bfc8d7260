"""A real Prometheus for tests."""

import json
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.programs import program
from tests.redis_server import free_port

PATIENCE_S = 90
DEPLOY = Path(__file__).parents[1] / "deploy" / "monitoring"


def binary(name: str) -> str:
    """Where a program is; a user's tests are skipped without it, CI's fail."""
    return program(name, "prometheus")


class Prometheus:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The instant answer to a PromQL query: its series."""
        body = urllib.parse.urlencode({"query": query}).encode()
        with urllib.request.urlopen(f"{self.url}/api/v1/query", body, timeout=30) as answer:  # noqa: S310
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

    def value(self, query: str) -> float:
        """The one value of a query that has one; 0 where it has none."""
        series = self.ask(query)
        assert len(series) <= 1, series
        return float(series[0]["value"][1]) if series else 0.0

    def until(self, query: str, wanted: float) -> None:
        """Return once a query has a value; the next scrapes bring it."""
        end = time.monotonic() + PATIENCE_S
        while (found := self.value(query)) != wanted:
            assert time.monotonic() < end, f"{query}: {found}, not {wanted}"
            time.sleep(0.2)


@contextmanager
def scraping(port: int, folder: Path) -> Iterator[Prometheus]:
    """Run the committed configuration, every second, against the service on `port`."""
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(DEPLOY / "rules.yml")]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    own = free_port()
    command = [
        binary("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{own}",
        "--log.level=warn",
    ]
    with subprocess.Popen(command) as process:
        try:
            prometheus = Prometheus(own)
            _wait(prometheus, process)
            yield prometheus
        finally:
            process.terminate()


def _wait(prometheus: Prometheus, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, "Prometheus ended"
        try:
            if prometheus.value('up{job="rebracket"}') == 1:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise TimeoutError("Prometheus does not scrape the service")
