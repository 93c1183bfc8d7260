"""A batch on its way: sent again in parts where the service refuses it for some of its items."""

from collections.abc import Sequence
from http import HTTPStatus

from rebracket.agents.backends import Outcome, Reading
from rebracket.client.answers import refused
from rebracket.errors import CallError, InputRefused, UnreadableAnswer
from rebracket.schemas import ItemError, PredictionBatch, Segment

Indexes = list[int]


class Parcels:
    """Segments and what has come of each; `pending` are those still to be sent, together."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._outcomes: dict[int, Outcome] = {}
        self.pending: list[Indexes] = [list(range(len(segments)))]

    @property
    def outcomes(self) -> list[Outcome]:
        """Every segment's, once nothing is pending."""
        return [self._outcomes[index] for index in range(len(self._segments))]

    def contents(self, indexes: Indexes) -> list[Segment]:
        """The segments of a parcel."""
        return [self._segments[index] for index in indexes]

    def answered(self, indexes: Indexes, batch: PredictionBatch, request_id: str) -> None:
        """A parcel's answer came."""
        if len(batch.predictions) != len(indexes):
            message = f"{len(batch.predictions)} answers to {len(indexes)} segments"
            self.failed(indexes, UnreadableAnswer(message, request_id=request_id))
            return
        for index, item in zip(indexes, batch.predictions, strict=True):
            if isinstance(item, ItemError):
                self._outcomes[index] = refused(item.error, request_id)
            else:
                self._outcomes[index] = Reading(item, request_id)

    def failed(self, indexes: Indexes, error: CallError) -> None:
        """A parcel came back: those who are not to blame for it are sent again without the others."""
        if not isinstance(error, InputRefused) or len(indexes) == 1:
            self._outcomes |= dict.fromkeys(indexes, error)
        elif error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            middle = len(indexes) // 2
            self.pending += [indexes[:middle], indexes[middle:]]
        else:
            own = [_own_part(error, place) for place in range(len(indexes))]
            nobody = not any(own)
            others = [i for i, part in zip(indexes, own, strict=True) if not part]
            self._outcomes |= {
                index: part or error
                for index, part in zip(indexes, own, strict=True)
                if part or nobody
            }
            if others and not nobody:
                self.pending.append(others)


def _own_part(error: InputRefused, place: int) -> InputRefused | None:
    """What an error says of one segment of the request; None: nothing."""
    errors = [e for e in error.errors if e["loc"][:2] == ["segments", place]]
    if not errors:
        return None
    return InputRefused(
        error.detail,
        request_id=error.request_id,
        status=error.status,
        title=error.title,
        kind=error.kind,
        errors=errors,
    )
