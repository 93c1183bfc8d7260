"""Who is next: deficit round robin between callers, plain round robin between a caller's requests."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")
QUANTUM = 256
"""Work that a caller's turn adds to its credit: one full window of tokens."""


class FairQueue(Generic[T]):
    """Items in the order in which no caller and no request starves.

    Callers take turns and pay for their items with the credit that turns bring (Shreedhar and
    Varghese 1996), so that each gets the same work done, whatever the size of its items. Within a
    caller each request has one item in turn: a lone request doesn't wait for a batch's end. All
    operations take constant time, `discard` the time of what it discards.
    """

    def __init__(self) -> None:
        self._callers: OrderedDict[Hashable, _Caller[T]] = OrderedDict()
        self.work = 0
        """What waits here."""
        self._items = 0

    def __len__(self) -> int:
        return self._items

    def put(self, caller: Hashable, request: Hashable, item: T, work: int) -> None:
        """Add an item behind those of the same request."""
        found = self._callers.setdefault(caller, _Caller())
        found.requests.setdefault(request, deque()).append((item, work))
        self.work += work
        self._items += 1

    def take(self) -> T:
        """Remove and return the next item.

        Raises:
            KeyError: nothing waits.
        """
        while True:
            name, caller = next(iter(self._callers.items()), (None, None))
            if caller is None:
                raise KeyError("nothing waits")
            request, items = next(iter(caller.requests.items()))
            item, work = items[0]
            if work > caller.credit:
                caller.credit += QUANTUM
                self._callers.move_to_end(name)
                continue
            items.popleft()
            caller.credit -= work
            caller.requests.move_to_end(request)
            self._leave(name, request, items)
            self.work -= work
            self._items -= 1
            return item

    def discard(self, caller: Hashable, request: Hashable) -> int:
        """Forget what waits of a request; returns how many items that were."""
        found = self._callers.get(caller)
        items = found.requests.get(request) if found else None
        if not items:
            return 0
        count = len(items)
        self.work -= sum(work for _, work in items)
        self._items -= count
        items.clear()
        self._leave(caller, request, items)
        return count

    def _leave(self, name: Hashable, request: Hashable, items: "deque[tuple[T, int]]") -> None:
        """Strike requests and callers that nothing waits of; credit is not saved up."""
        caller = self._callers[name]
        if not items:
            del caller.requests[request]
        if not caller.requests:
            del self._callers[name]


class _Caller(Generic[T]):
    def __init__(self) -> None:
        self.requests: OrderedDict[Hashable, deque[tuple[T, int]]] = OrderedDict()
        self.credit = 0
