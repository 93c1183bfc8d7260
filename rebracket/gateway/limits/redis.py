"""Buckets in Redis: exact for all machines that share it, on its clock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.retry import Retry

from rebracket.config.masking import unquoted
from rebracket.errors import LimiterError
from rebracket.gateway.limits.gcra import EPSILON, Charge, Decision, ceiling, decide
from rebracket.gateway.limits.redis_leases import Leases

PREFIX = "{rebracket}:"
"""The braces keep all buckets in one slot of a cluster: a script may only touch one."""

LEASES = PREFIX + "leases:"

# A bucket is a hash of its level and the time at which it stood there. Arguments, four a bucket:
# leak per second, highest level that fits, cost, whether it is a probe. Answers whether all passed,
# and the levels before.
SCRIPT = f"""
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local levels, passes, back = {{}}, true, {{}}
for i, key in ipairs(KEYS) do
    local leak, ceiling = tonumber(ARGV[4 * i - 3]), tonumber(ARGV[4 * i - 2])
    local state = redis.call('HMGET', key, 'level', 'at')
    local elapsed = now - tonumber(state[2] or now)
    levels[i] = math.max(0, tonumber(state[1] or 0) - math.max(0, elapsed) * leak)
    back[i] = elapsed < 0
    passes = passes and levels[i] <= ceiling + {EPSILON!r}
end
for i, key in ipairs(KEYS) do
    local charged = passes and ARGV[4 * i] == '0'
    if charged or back[i] then
        local after = levels[i] + (charged and tonumber(ARGV[4 * i - 1]) or 0)
        redis.call('HSET', key, 'level', string.format('%.17g', after), 'at', string.format('%.6f', now))
        redis.call('PEXPIRE', key, math.ceil(after / tonumber(ARGV[4 * i - 3]) * 1000) + 1000)
    end
    levels[i] = string.format('%.17g', levels[i])
end
return {{passes and 1 or 0, unpack(levels)}}
"""


class RedisStorage:
    """Each step is one script, which Redis runs alone and times itself.

    A connection that turns out to be dead is opened anew once; nothing waits longer than
    `timeout_s`, twice.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        try:
            self._redis: Redis = Redis.from_url(
                _usable(url),
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            )
        except ValueError as error:
            raise LimiterError(f"deployment.rate_limit.storage: {error}") from None
        self._script = self._redis.register_script(SCRIPT)
        self._leases = Leases(self._redis, LEASES)

    def take(self, charges: Sequence[Charge]) -> list[Decision]:
        """Make all charges, or none if one of them does not fit, as one atomic step.

        Raises:
            LimiterError: Redis did not answer in time.
        """
        arguments: list[Any] = []
        for charge in charges:
            rate = charge.rate
            arguments += [
                repr(rate.per_second),
                ceiling(rate, charge.cost),
                charge.cost,
                int(charge.probe),
            ]
        with _failing_as_limiter_error():
            answer = self._script(
                keys=[PREFIX + charge.bucket for charge in charges], args=arguments
            )
        passes, *levels = cast("list[Any]", answer)
        return [
            decide(float(level), charge, charged=bool(passes) and not charge.probe)
            for level, charge in zip(levels, charges, strict=True)
        ]

    def take_at_once(self, charges: Sequence[Charge]) -> None:
        """Redis is always waited for."""

    def lease(self, bucket: str, holder: str, *, limit: int, ttl_s: float) -> bool:
        """Hold or renew one of the bucket's `limit` leases, as one atomic step.

        Raises:
            LimiterError: Redis did not answer in time.
        """
        with _failing_as_limiter_error():
            return self._leases.lease(bucket, holder, limit=limit, ttl_s=ttl_s)

    def release(self, bucket: str, holder: str) -> None:
        """Give a lease back; one that has ended is none any more.

        Raises:
            LimiterError: Redis did not answer in time.
        """
        with _failing_as_limiter_error():
            self._leases.release(bucket, holder)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def _usable(url: str) -> str:
    """The URL, if it can be taken apart; why not is told without the part, which may be the password."""
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise ValueError(unquoted(str(error))) from None
    return url


@contextmanager
def _failing_as_limiter_error() -> Iterator[None]:
    try:
        yield
    except RedisError as error:
        raise LimiterError(f"limits in Redis: {error}") from error
