"""What an attacker sends to the whole application: refused or answered as documented, never a 5xx."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from rebracket.gateway.keys import Key
from tests.gateway.test_app import JSON, NOTE, problem


def post(client: TestClient, body: bytes) -> int:
    status: int = client.post("/predict", content=body, headers=JSON).status_code
    return status


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": NaN}',
        b'{"text": Infinity}',
        b'{"text": 1e400}',
        b'{"text": ' + b"9" * 5000 + b"}",
        b'{"segment_id": -0.0, "text": "a"}',
        b'{"text": "a", "metadata": {"a": {"b": "c"}}}',
        b'{"text": ' + b"[" * 150 + b"]" * 150 + b"}",
        b'{"text": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        b'{"text": "a", "__proto__": {}}',
        b'\xef\xbb\xbf{"text": "a"}',
        b'{"text": "a"}{"text": "b"}',
        b'{"text": "a",}',
        b"{'text': 'a'}",
        b'{"text": "\\ud800\\ud800"}',
        '{"text": "a"}'.encode("utf-16"),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    ],
    ids=range(16),
)
def test_json_that_parsers_disagree_on_is_a_422(client: TestClient, body: bytes) -> None:
    problem(client.post("/predict", content=body, headers=JSON), 422)


def test_of_keys_that_come_twice_the_last_counts(client: TestClient) -> None:
    body = b'{"segment_id": "a", "text": "a door", "segment_id": "b"}'
    answer = client.post("/predict", content=body, headers=JSON)
    assert answer.json()["segment_id"] == "b"


@pytest.mark.parametrize("depth", [10, 199, 201, 5000, 200_000])
def test_depth_is_bounded(client: TestClient, depth: int) -> None:
    body = b'{"text": ' + b"[" * depth + b"]" * depth + b"}"
    answer = problem(client.post("/predict", content=body, headers=JSON), 422)
    too_deep = answer["errors"][0]["type"] == "json_invalid"
    assert too_deep == (depth >= 200)


PATHS = [
    "/models/../predict",
    "/models/%2e%2e/%2e%2e/etc/passwd",
    "/static_content/../../app.py",
    "/static_content/%2e%2e/%2e%2e/app.py",
    "/static_content/..%2f..%2fapp.py",
    "/predict%0a",
    "/predict%0d%0aX-Evil:%201",
    "/predict%00",
    "/predict;a=b",
    "/PREDICT",
    "/%ff%fe",
    "/a" * 4000,
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_past_the_routes(client: TestClient, path: str) -> None:
    answer = client.get(path)
    problem(answer, 405 if path == "/models/../predict" else 404)
    assert "import" not in answer.text


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_past_the_gate(client: TestClient, path: str) -> None:
    problem(client.get(path, headers={"X-API-Key": ""}), 401)


@pytest.mark.parametrize("segment_id", ["../../etc/passwd", "a\nb", "\x00", "%2e%2e", "a" * 128])
def test_ids_that_look_like_paths_are_only_echoed(client: TestClient, segment_id: str) -> None:
    answer = client.post("/predict", json={**NOTE, "segment_id": segment_id})
    assert answer.json()["segment_id"] == segment_id


HOSTILE_HEADERS: Sequence[tuple[str, bytes]] = [
    ("X-Request-ID", b"a\tb"),
    ("X-Request-ID", b"<script>"),
    ("X-Request-ID", b"a" * 5000),
    ("X-Request-ID", "é".encode()),
    ("X-Request-ID", b"${jndi:ldap://a}"),
    ("X-Request-ID", b"%0d%0aSet-Cookie: a=b"),
]


@pytest.mark.parametrize(("name", "value"), HOSTILE_HEADERS)
def test_a_hostile_request_id_is_not_echoed(client: TestClient, name: str, value: bytes) -> None:
    answer = client.get("/health", headers=[(name.encode(), value)])
    assert answer.status_code == 200
    assert answer.headers["x-request-id"].encode() != value
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"content-type", b"application/json\xff")], 400),
        ([(b"content-type", b"application/json; charset=utf-16")], 200),
        ([(b"content-type", b"application/json"), (b"content-length", b"\xb2")], 400),
        ([(b"content-type", b"application/json"), (b"content-encoding", b"gzip")], 200),
        ([(b"content-type", b"application/json"), (b"x-http-method-override", b"DELETE")], 200),
        ([(b"content-type", b"application/json"), (b"x-forwarded-for", b"127.0.0.1")], 200),
        ([(b"content-type", b"application/json"), (b"x-original-url", b"/metrics")], 200),
        ([(b"content-type", b"multipart/form-data; boundary=a")], 422),
        ([(b"content-type", b"multipart/mixed; boundary=a")], 415),
        ([(b"content-type", b"application/vnd.bentoml+pickle")], 415),
    ],
)
def test_header_fields_change_nothing_that_they_should_not(
    client: TestClient, headers: list[tuple[bytes, bytes]], status: int
) -> None:
    body = json.dumps(NOTE).encode()
    answer = client.post("/predict", content=body, headers=headers)
    if status == 200:
        assert answer.json()["type"]
    else:
        problem(answer, status)


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x-api-key", b"\xff\xfe")],
        [(b"authorization", b"Bearer")],
        [(b"authorization", b"Bearer " + b"a" * 8000)],
        [(b"authorization", b"Bearer rb_'; DROP TABLE api_keys;--")],
        [(b"authorization", b"Basic cmI6cmI=")],
        [(b"authorization", "Bearer rb_\u0661".encode())],
    ],
)
def test_hostile_credentials_are_just_wrong(
    client: TestClient, headers: list[tuple[bytes, bytes]]
) -> None:
    refused = client.get("/models", headers=[*headers, (b"x-api-key", b"")])
    assert refused.status_code in {401, 429}


def test_a_right_key_beside_a_wrong_one_opens_nothing(client: TestClient) -> None:
    wrong = str(Key.generate())
    problem(client.get("/models", headers={"Authorization": f"Bearer {wrong}"}), 401)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.text(max_size=20).map(lambda text: "/" + text),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]),
    headers=st.dictionaries(
        st.from_regex(r"[A-Za-z-]{1,12}", fullmatch=True).filter(
            lambda name: name.lower() not in {"host", "x-api-key", "authorization"}
        ),
        st.binary(max_size=20).filter(lambda value: not {0, 10, 13} & set(value)),
        max_size=4,
    ),
    body=st.binary(max_size=50),
)
def test_whatever_comes_is_no_fault_of_ours(
    client: TestClient, path: str, method: str, headers: dict[str, bytes], body: bytes
) -> None:
    from urllib.parse import quote

    raw = [(name.encode(), value) for name, value in headers.items()]
    answer = client.request(method, quote(path), content=body, headers=raw)
    assert answer.status_code < 500
