"""How much each caller may ask: the algorithm, where its state is kept, what callers are told.

Our own, because none of the well-kept libraries is exact across processes without a server *and*
across machines on the server's clock: limits has neither SQLite nor GCRA and takes its clients'
clocks; pyrate-limiter keeps a row for each unit in SQLite and takes its clients' clocks in Redis;
throttled-py has GCRA on Redis's clock, no SQLite, and one bucket a call.
"""
