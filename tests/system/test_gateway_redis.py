"""Limits that several machines share, in a real Redis: exact, and no reason to wait."""

import asyncio
import os
import signal
from pathlib import Path

import httpx2
import psutil
import pytest

from rebracket.registry import ExportedModel
from tests import redis_server
from tests.redis_server import free_port
from tests.system.conftest import serving
from tests.system.crowd import REQUESTS, SHARE, ask, crowd


def test_exactly_the_share_passes(exported: ExportedModel, share: str, tmp_path: Path) -> None:
    assert exported.version
    with redis_server.running(tmp_path, free_port()) as url, crowd(url) as server:
        statuses = asyncio.run(ask(server.url, share))
    assert statuses == {200: SHARE.amount, 429: REQUESTS - SHARE.amount}


@pytest.mark.parametrize(("on_failure", "status"), [("open", 200), ("closed", 503)])
def test_a_redis_that_hangs_holds_nobody_up(
    exported: ExportedModel,
    headers: dict[str, str],
    tmp_path: Path,
    on_failure: str,
    status: int,
) -> None:
    assert exported.version
    port = free_port()
    with (
        redis_server.running(tmp_path, port) as url,
        serving(
            "rebracket.cli",
            "serve",
            WORKERS="1",
            RATE_LIMIT__STORAGE=url,
            RATE_LIMIT__ON_FAILURE=on_failure,
        ) as server,
        httpx2.Client(base_url=server.url, headers=headers, timeout=30) as http,
    ):
        assert "ratelimit" in http.get("/models").headers
        (redis,) = [p for p in psutil.Process().children() if p.name() == redis_server.BINARY]
        os.kill(redis.pid, signal.SIGSTOP)
        try:
            answers = [http.get("/models") for _ in range(20)]
        finally:
            os.kill(redis.pid, signal.SIGCONT)
        assert {answer.status_code for answer in answers} == {status}
        assert "ratelimit" not in answers[0].headers
        assert ("retry-after" in answers[0].headers) == (on_failure == "closed")
        metrics = http.get("/metrics").text
        (line,) = [
            line
            for line in metrics.splitlines()
            if line.startswith("rebracket_limiter_failures_total")
        ]
        assert float(line.split()[1]) >= 20
