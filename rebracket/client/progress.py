"""How far a stream has come, over all its connections."""

from rebracket.errors import UnreadableAnswer
from rebracket.messages import Ready, Summary, WindowRead
from rebracket.tally import Tally

EITHER_WAY = 1
"""Samples by which a window may begin off a hop from the one before: at some rates hops are no whole number."""


class Progress:
    """Sees to it that windows come in order, none twice and none left out.

    `resume_at` is a sample from which the first window to come is the first that is not read yet;
    `read_to` is the index behind the last sample that a window held.
    """

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.ready: Ready | None = None
        self.resume_at = 0
        self.read_to = 0
        self._next = 0
        self._tally = Tally()

    @property
    def due_at(self) -> int:
        """An index behind samples with which the next window is complete."""
        return self.resume_at + 2 * EITHER_WAY + self._windows.window_samples

    def begin(self, ready: Ready) -> bool:
        """Take note of a connection, and say whether it is the first.

        Raises:
            UnreadableAnswer: windows are none, or others than over the connections before.
        """
        if not 0 < ready.hop_samples <= ready.window_samples:
            raise self._unreadable("windows have no length, or gaps between them")
        if self.ready is None:
            self.ready, self.request_id = ready, ready.session_id
            return True
        if _lengths(ready) != _lengths(self.ready):
            raise self._unreadable("windows are of another length than before")
        return False

    def take(self, window: WindowRead, sent: int) -> bool:
        """Whether a window is new; `sent` is the index behind the last sample that was sent.

        Raises:
            UnreadableAnswer: a window was left out, or it does not lie where it should.
        """
        if window.end_sample > sent:
            raise self._unreadable("a window holds audio that was not sent")
        if window.partial:
            return True
        if window.seq < self._next:
            return False
        if window.seq > self._next:
            raise self._unreadable(f"window {window.seq} came after window {self._next - 1}")
        if not 0 <= window.start_sample - self.resume_at <= 2 * EITHER_WAY:
            raise self._unreadable(f"window {window.seq} begins at {window.start_sample}")
        self._next += 1
        self._tally.add(window)
        self.read_to, self.resume_at = window.end_sample, self.after(window)
        return True

    def after(self, window: WindowRead) -> int:
        """Where to go on after a window: at the next one's first sample, or just before."""
        next_start = window.start_sample + self._windows.hop_samples - EITHER_WAY
        return min(next_start, window.end_sample)

    def summary(self, samples: int) -> Summary:
        """What all windows were, of so many samples."""
        return self._tally.summary(samples=samples, read_to=self.read_to)

    @property
    def _windows(self) -> Ready:
        assert self.ready is not None, "nothing comes before `Ready`"
        return self.ready

    def _unreadable(self, message: str) -> UnreadableAnswer:
        return UnreadableAnswer(f"not this API's answer: {message}", request_id=self.request_id)


def _lengths(ready: Ready) -> tuple[int, int]:
    return ready.window_samples, ready.hop_samples
