"""Matrix products of numpy, which open a pool of threads of their own beside those that read requests."""

from threadpoolctl import threadpool_limits


def one_thread() -> None:
    """Have every product computed by the thread that asks for it.

    The pool's threads spin after each product. On two cores the spectra of 4 s of sound take 3.7 ms of
    processor time without them and 13 with them, and later, not sooner.
    """
    threadpool_limits(limits=1, user_api="blas")
