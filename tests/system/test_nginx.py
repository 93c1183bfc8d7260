"""What the deployed configuration of nginx passes on, and what it answers itself."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import pytest

from rebracket.client import Client
from rebracket.client.retries import ONCE
from rebracket.errors import Busy
from rebracket.registry import ExportedModel
from rebracket.schemas import Segment
from tests import nginx_server
from tests.live_audio import music
from tests.redis_server import free_port
from tests.system.conftest import Server, serving

PATIENCE_S = 120
SHARE = 3
RATE = 16_000
CALL = {"X-Request-ID": "call-1"}
PATHS = ("/metrics", "//metrics", "/%6Detrics", "/metrics/", "/admin/reload", "/experiments")


@pytest.fixture(scope="module")
def url(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An instance with keys, behind nginx."""
    folder = tmp_path_factory.mktemp("nginx")
    with nginx_server.running(folder, free_port(), [server.port]) as found:
        yield found


@pytest.fixture(scope="module")
def lonely_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Nothing, behind nginx."""
    folder = tmp_path_factory.mktemp("nginx")
    with nginx_server.running(folder, free_port(), [free_port()]) as found:
        yield found


def problem(answer: httpx2.Response) -> tuple[int, str, str]:
    """Status, title and id of nginx's own error; the id is in the header too."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["title"], body["request_id"]


@pytest.mark.parametrize("path", PATHS)
def test_what_is_one_instances_is_not_there(url: str, headers: dict[str, str], path: str) -> None:
    """Whatever the key."""
    for method in ("GET", "POST"):
        answer = httpx2.request(method, f"{url}{path}", headers=headers | CALL)
        assert problem(answer) == (404, "Not Found", "call-1")


def test_an_answer_and_its_id_come_through(url: str, headers: dict[str, str]) -> None:
    answer = httpx2.post(
        f"{url}/predict", json={"text": "a door"}, headers=headers | CALL, timeout=PATIENCE_S
    )
    assert (answer.status_code, answer.headers["x-request-id"]) == (200, "call-1")


def test_the_services_own_errors_come_through(url: str, headers: dict[str, str]) -> None:
    body = json.dumps({"text": "a" * 9 * 2**20})
    kind = {"Content-Type": "application/json"}
    answer = httpx2.post(f"{url}/predict", content=body, headers=headers | kind, timeout=PATIENCE_S)
    assert (answer.status_code, "8388608" in answer.json()["detail"]) == (413, True)


def test_what_nobody_reads_is_refused_at_once(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 134217729\r\n\r\n"
        )
        head, _, body = connection.recv(4096).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413")
    assert json.loads(body)["detail"] == "The body may hold 128 MiB at most"


def test_a_stream_is_answered_while_it_is_sent(url: str, headers: dict[str, str]) -> None:
    """Neither way is anything held back."""
    second = music(RATE, 1, 1.0).tobytes()
    sending = HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE_S)
    path = f"/stream?encoding=pcm_s16le&sample_rate={RATE}&window_s=1&overlap=0"
    sending.putrequest("POST", path)
    for name, value in (headers | {"Transfer-Encoding": "chunked"}).items():
        sending.putheader(name, value)
    sending.endheaders()
    sending.send(_chunk(second))
    answer = sending.getresponse()
    assert json.loads(answer.readline())["type"] == "ready"
    for number in range(3):
        assert json.loads(answer.readline())["seq"] == number
        sending.send(_chunk(second if number < 2 else b""))
    assert json.loads(answer.readline())["type"] == "summary"
    sending.close()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_an_address_has_its_share_whatever_it_says_of_itself(
    exported: ExportedModel, tmp_path: Path
) -> None:
    assert exported.version
    share = {"AUTH__ENABLED": "false", "RATE_LIMIT__DEFAULT": f"{SHARE}/day"}
    with (
        serving("rebracket.cli", "serve", **share) as server,
        nginx_server.running(tmp_path, free_port(), [server.port]) as url,
    ):
        spoofed = [f"203.0.113.{number}" for number in range(SHARE + 1)]
        statuses = [status(url, "127.0.0.2", said) for said in spoofed]
        assert statuses == [200] * SHARE + [429]
        assert status(url, "127.0.0.3", spoofed[0]) == 200


def status(url: str, address: str, said: str) -> int:
    """What one address gets that says it is another."""
    transport = httpx2.HTTPTransport(local_address=address)
    with httpx2.Client(transport=transport, timeout=PATIENCE_S) as http:
        return http.get(f"{url}/models", headers={"X-Forwarded-For": said}).status_code


def test_without_an_instance_clients_are_told_to_come_again(lonely_url: str) -> None:
    answer = httpx2.post(f"{lonely_url}/predict", json={"text": "a"}, headers=CALL)
    assert problem(answer) == (503, "Service Unavailable", "call-1")
    with Client(lonely_url, "none", retries=ONCE) as client, pytest.raises(Busy) as caught:
        client.predict(Segment(text="a door"))
    assert caught.value.retry_after_s == 1
