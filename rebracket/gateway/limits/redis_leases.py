"""Leases in Redis: one script, on the server's clock.

A bucket's leases are a sorted set of holders by the microsecond at which they end; it expires with
the last of them.
"""

from redis import Redis

# Arguments: holder, limit, microseconds. A clock that was set back must not make a dead holder's
# lease longer than it was given for.
SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local key, holder = KEYS[1], ARGV[1]
local last = string.format('%.0f', now + tonumber(ARGV[3]))
redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
for _, other in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. last, '+inf')) do
    redis.call('ZADD', key, last, other)
end
local mine = redis.call('ZSCORE', key, holder)
if not mine and redis.call('ZCARD', key) >= tonumber(ARGV[2]) then
    return 0
end
redis.call('ZADD', key, last, holder)
redis.call('PEXPIRE', key, math.ceil(ARGV[3] / 1000) + 1000)
return 1
"""


class Leases:
    """The leases of one server; `prefix` stands before its keys."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix
        self._script = redis.register_script(SCRIPT)

    def lease(self, bucket: str, holder: str, *, limit: int, ttl_s: float) -> bool:
        """Hold or renew one of the bucket's `limit` leases; whether it is held now.

        Raises:
            RedisError: Redis did not answer in time.
        """
        key, ttl_us = self._prefix + bucket, int(ttl_s * 1e6)
        return bool(self._script(keys=[key], args=(holder, limit, ttl_us)))

    def release(self, bucket: str, holder: str) -> None:
        """Give a lease back.

        Raises:
            RedisError: Redis did not answer in time.
        """
        self._redis.zrem(self._prefix + bucket, holder)
