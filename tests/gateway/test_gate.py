"""Who comes in, who does not, and what each is told."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from rebracket.config import Auth, RateLimit
from rebracket.errors import RequestError, TooManyRequests
from rebracket.gateway import caller, problems
from rebracket.gateway.caller import charge_work
from rebracket.gateway.gate import Gate, Gatekeeper
from rebracket.gateway.key_store import KeyStore
from rebracket.gateway.keyring import Keyring
from rebracket.gateway.keys import Key
from rebracket.gateway.limits.limiter import Limiter
from rebracket.rates import Rate
from tests.gateway.asgi import Answer, Header, answer, connection


class House:
    """A gate with its stores, before an application that spends 10 tokens a request."""

    def __init__(self, folder: Path) -> None:
        self.auth = Auth(store=f"sqlite:///{folder / 'keys.db'}", failures=Rate("3/day"))
        self.rate_limit = RateLimit(
            storage=f"sqlite:///{folder / 'limits.db'}",
            default=Rate("5/day"),
            work=Rate("1000/day"),
            timeout_s=10,
        )
        self.store = KeyStore.open(self.auth.store)
        self.served: list[str] = []

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.served.append(scope["path"])
        try:
            await charge_work(10)
        except RequestError as error:
            await problems.respond(error)(scope, receive, send)
            return
        await PlainTextResponse("in")(scope, receive, send)

    @asynccontextmanager
    async def gate(self) -> AsyncIterator[Gate]:
        keyring = Keyring(self.auth.store, refresh_s=1, max_stale_s=60)
        keyring.open()
        limiter = Limiter.from_settings(self.rate_limit) if self.rate_limit.enabled else None
        keeper = Gatekeeper(
            self.auth, self.rate_limit, keyring if self.auth.enabled else None, limiter
        )
        try:
            yield Gate(self.app, keeper)
        finally:
            keyring.close()
            if limiter:
                limiter.close()

    def ask(self, *scopes: Scope) -> list[Answer]:
        """Send requests one after the other."""

        async def all_of_them() -> list[Answer]:
            async with self.gate() as gate:
                return [await answer(gate, scope) for scope in scopes]

        return asyncio.run(all_of_them())

    def key(
        self,
        *scopes: str,
        rate: str | None = None,
        work: str | None = None,
        streams: int | None = None,
    ) -> str:
        new = self.store.create(
            "a",
            scopes,  # type: ignore[arg-type]
            rate=Rate(rate) if rate else None,
            work=Rate(work) if work else None,
            streams=streams,
        )
        return str(new.key)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def bearer(key: str) -> Sequence[Header]:
    return [("Authorization", f"Bearer {key}")]


def test_a_key_comes_in_both_ways(house: House) -> None:
    key = house.key("predict")
    answers = house.ask(connection(headers=bearer(key)), connection(headers=[("X-API-Key", key)]))
    assert [a.status for a in answers] == [200, 200]


def test_without_a_key_nothing_is_reached(house: House) -> None:
    (refused,) = house.ask(connection())
    assert (refused.status, house.served) == (401, [])
    assert refused.headers["www-authenticate"] == 'Bearer realm="rebracket"'
    assert refused.json()["type"].endswith("/unauthorized")


def test_every_wrong_key_is_answered_alike(house: House) -> None:
    house.auth = house.auth.model_copy(update={"failures": None})
    known, revoked = (Key.parse(house.key("predict")) for _ in range(2))
    assert known is not None
    assert revoked is not None
    house.store.revoke(revoked.id)
    wrong = Key(id=known.id, secret=Key.generate().secret)
    keys = ["nonsense", str(Key.generate()), str(wrong), str(revoked)]
    answers = house.ask(connection(), *(connection(headers=bearer(key)) for key in keys))
    assert {a.status for a in answers} == {401}
    assert len({a.body for a in answers}) == 1
    assert len({tuple(a.headers.items()) for a in answers}) == 1


def test_open_routes_need_no_key(house: House) -> None:
    answers = house.ask(*(connection(path) for path in ("/health", "/livez", "/readyz")))
    assert [a.status for a in answers] == [200, 200, 200]
    assert "ratelimit" not in answers[0].headers


def test_a_key_without_the_scope_is_told_which(house: House) -> None:
    key = house.key("stream")
    refused, models = house.ask(
        connection("/predict", bearer(key)), connection("/models", bearer(key))
    )
    assert (refused.status, models.status) == (403, 200)
    assert "'predict'" in refused.json()["detail"]
    assert house.served == ["/models"]


@pytest.mark.parametrize("path", ["/predict\n", "/predict\r\n", "/pre\x00dict"])
def test_a_path_that_routers_read_differently_is_not_found(house: House, path: str) -> None:
    (refused,) = house.ask(connection(path, bearer(house.key("stream"))))
    assert (refused.status, house.served) == (404, [])


def test_metrics_need_admin_from_elsewhere(house: House) -> None:
    plain, admin = house.key("predict"), house.key("admin")
    answers = house.ask(
        connection("/metrics", client=("127.0.0.1", 1)),
        connection("/metrics"),
        connection("/metrics", bearer(plain)),
        connection("/metrics", bearer(admin)),
    )
    assert [a.status for a in answers] == [200, 401, 403, 200]


def test_a_key_has_its_share_and_no_more(house: House) -> None:
    one, other = house.key("predict"), house.key("predict", rate="2/day")
    answers = house.ask(
        *(connection(headers=bearer(one)) for _ in range(7)),
        *(connection(headers=bearer(other)) for _ in range(3)),
    )
    assert [a.status for a in answers] == [200] * 5 + [429] * 2 + [200] * 2 + [429]


def test_a_refused_caller_is_told_when_to_come_again(house: House) -> None:
    key = house.key("predict", rate="1/hour")
    served, refused = house.ask(*(connection(headers=bearer(key)) for _ in range(2)))
    assert served.headers["ratelimit-policy"] == (
        '"requests";q=1;w=3600, "work";q=1000;qu="tokens";w=86400'
    )
    assert '"requests";r=0;t=3600' in served.headers["ratelimit"]
    assert '"work";r=990;t=864' in served.headers["ratelimit"]
    assert refused.json()["title"] == "Too many requests"
    assert 3590 < int(refused.headers["retry-after"]) <= 3600
    assert f"t={refused.headers['retry-after']}" in refused.headers["ratelimit"]


def test_work_has_its_own_share(house: House) -> None:
    key = house.key("predict", work="25/day")
    answers = house.ask(*(connection(headers=bearer(key)) for _ in range(3)))
    assert [a.status for a in answers] == [200, 200, 429]
    assert "work" in answers[2].json()["detail"]
    assert '"work";r=5' in answers[2].headers["ratelimit"]


def test_a_rotated_key_shares_the_old_ones_share(house: House) -> None:
    old = house.key("predict", rate="3/day")
    new = house.store.rotate(old.split("_")[1], overlap=timedelta(days=1)).key
    answers = house.ask(
        *(connection(headers=bearer(key)) for key in (old, str(new), old, str(new)))
    )
    assert [a.status for a in answers] == [200, 200, 200, 429]


def test_a_key_has_so_many_streams_at_once_and_no_more(house: House) -> None:
    before = REGISTRY.get_sample_value("rebracket_rejections_total", {"reason": "streams"}) or 0
    key, other = house.key("stream", streams=2), house.key("stream")

    async def ask() -> list[Answer]:
        full = asyncio.Event()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                async with caller.stream_slot():
                    await full.wait()
            except TooManyRequests as error:
                full.set()
                await problems.respond(error)(scope, receive, send)
            else:
                await PlainTextResponse("in")(scope, receive, send)

        async with house.gate() as gate:
            gate.app = app
            asked = [answer(gate, connection("/stream", bearer(k))) for k in (key, other, key, key)]
            answers = await asyncio.gather(*asked)
            return [*answers, await answer(gate, connection("/stream", bearer(key)))]

    *answers, later = asyncio.run(asyncio.wait_for(ask(), 60))
    (refused,) = (a for a in answers if a.status == 429)
    assert sorted(a.status for a in answers) == [200, 200, 200, 429]
    assert refused.json()["detail"] == "This key's streams are all in use: 2 at once"
    assert refused.headers["retry-after"] == "5"
    after = REGISTRY.get_sample_value("rebracket_rejections_total", {"reason": "streams"})
    assert (later.status, after) == (200, before + 1)


@pytest.mark.parametrize("unlimited", [{"enabled": False}, {"streams": None}])
def test_without_a_limit_streams_are_free(house: House, unlimited: dict[str, None]) -> None:
    house.rate_limit = house.rate_limit.model_copy(update=unlimited)
    key = house.key("stream")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as held:
            for _ in range(70):
                await held.enter_async_context(caller.stream_slot())
            await PlainTextResponse("in")(scope, receive, send)

    async def ask() -> Answer:
        async with house.gate() as gate:
            gate.app = app
            return await answer(gate, connection("/stream", bearer(key)))

    assert asyncio.run(ask()).status == 200


def test_outside_of_a_request_streams_are_free_and_nobody_is_invalid() -> None:
    async def hold() -> bool:
        async with caller.stream_slot():
            return caller.is_valid()

    assert asyncio.run(hold())


@pytest.mark.parametrize("with_keys", [True, False])
def test_a_request_sees_its_key_revoked(house: House, *, with_keys: bool) -> None:
    house.auth = house.auth.model_copy(update={"enabled": with_keys})
    key, seen = house.key("stream"), []

    async def ask() -> None:
        async with house.gate() as gate:

            async def app(scope: Scope, receive: Receive, send: Send) -> None:
                seen.append(caller.is_valid())
                house.store.revoke(key.split("_")[1])
                if gate.keeper.keyring:
                    gate.keeper.keyring.refresh()
                seen.append(caller.is_valid())
                await PlainTextResponse("in")(scope, receive, send)

            gate.app = app
            await answer(gate, connection("/stream", bearer(key)))

    asyncio.run(ask())
    assert seen == [True, not with_keys]


def test_an_address_that_guesses_is_refused_with_any_key(house: House) -> None:
    """With a right one too: it must not learn which is right."""
    key = house.key("predict")
    guesses = [connection(headers=bearer(str(Key.generate()))) for _ in range(4)]
    *_, refused, right = house.ask(*guesses, connection(headers=bearer(key)))
    assert (refused.status, right.status) == (429, 429)
    assert refused.json() == right.json()
    elsewhere, health = house.ask(
        connection(headers=bearer(key), client=("198.51.100.7", 1)), connection("/health")
    )
    assert (elsewhere.status, health.status) == (200, 200)


def test_without_keys_shares_are_counted_by_address(house: House) -> None:
    house.auth = house.auth.model_copy(update={"enabled": False})
    near = [connection(client=("2001:db8::1", 1)), connection(client=("2001:db8::2", 1))]
    answers = house.ask(*near * 3, connection())
    assert [a.status for a in answers] == [200] * 5 + [429, 200]


def test_without_limits_keys_are_still_needed(house: House) -> None:
    house.rate_limit = house.rate_limit.model_copy(update={"enabled": False})
    key = house.key("predict")
    answers = house.ask(connection(), *(connection(headers=bearer(key)) for _ in range(9)))
    assert [a.status for a in answers] == [401] + [200] * 9


def test_a_websocket_is_refused_before_the_upgrade(house: House) -> None:
    scope = {**connection("/stream"), "type": "websocket"}
    (refused,) = house.ask(scope)
    assert (refused.status, house.served) == (401, [])


def test_only_refused_keys_are_logged_and_not_their_text(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    guess = str(Key.generate())
    house.ask(*(connection(headers=bearer(guess)) for _ in range(9)))
    assert caplog.text.count("401 to 203.0.113.9") == 3
    assert guess not in caplog.text
