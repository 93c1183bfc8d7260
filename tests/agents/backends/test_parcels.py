"""A refused batch is sent again without those that it was refused for."""

from collections.abc import Callable

from rebracket.agents.backends import Outcome, Reading
from rebracket.agents.backends.parcels import Indexes, Parcels
from rebracket.errors import Busy, CallError, FieldError, InputRefused, UnreadableAnswer
from rebracket.schemas import PredictionBatch, Segment
from tests.agents.doubles import prediction

Service = Callable[[Indexes], int | CallError]


def refusal(status: int, *places: int) -> InputRefused:
    errors = [FieldError(loc=["segments", p, "text"], msg=str(p), type="t") for p in places]
    return InputRefused("no", request_id="r", status=status, title="No", errors=errors)


def deliver(count: int, service: Service) -> tuple[list[Outcome], list[Indexes]]:
    """Send all parcels to a service that answers with so many predictions, or with an error."""
    parcels = Parcels([Segment(text=str(index)) for index in range(count)])
    sent = []
    while parcels.pending:
        indexes = parcels.pending.pop()
        sent.append(indexes)
        answer = service(indexes)
        if isinstance(answer, CallError):
            parcels.failed(indexes, answer)
        else:
            batch = PredictionBatch(predictions=[prediction()] * answer, errors=0)
            parcels.answered(indexes, batch, "r")
    return parcels.outcomes, sent


def test_a_batch_that_is_answered_goes_out_once() -> None:
    outcomes, sent = deliver(3, len)
    assert all(isinstance(outcome, Reading) for outcome in outcomes)
    assert sent == [[0, 1, 2]]


def test_items_that_a_stricter_service_names_fail_alone() -> None:
    def service(indexes: Indexes) -> int | CallError:
        named = [place for place, index in enumerate(indexes) if index in (1, 3)]
        return refusal(422, *named) if named else len(indexes)

    outcomes, sent = deliver(5, service)
    assert [isinstance(outcome, Reading) for outcome in outcomes] == [
        True,
        False,
        True,
        False,
        True,
    ]
    assert sent == [[0, 1, 2, 3, 4], [0, 2, 4]]
    error = outcomes[3]
    assert isinstance(error, InputRefused)
    assert [field["msg"] for field in error.errors] == ["3"]


def test_a_refusal_that_names_nobody_is_everybodys() -> None:
    outcomes, sent = deliver(3, lambda _: refusal(422))
    assert [type(outcome) for outcome in outcomes] == [InputRefused] * 3
    assert len(sent) == 1


def test_a_refusal_that_names_everybody_is_not_sent_again() -> None:
    outcomes, sent = deliver(2, lambda _: refusal(422, 0, 1))
    assert [type(outcome) for outcome in outcomes] == [InputRefused] * 2
    assert len(sent) == 1


def test_a_body_that_is_too_large_is_halved_until_it_fits() -> None:
    outcomes, sent = deliver(8, lambda ids: refusal(413) if len(ids) > 3 or 5 in ids else len(ids))
    assert [isinstance(o, Reading) for o in outcomes] == [index != 5 for index in range(8)]
    assert sent[0] == list(range(8))


def test_other_errors_are_everybodys_and_final() -> None:
    error = Busy("full", request_id="r", status=429, title="Busy")
    outcomes, sent = deliver(4, lambda _: error)
    assert outcomes == [error] * 4
    assert len(sent) == 1


def test_a_service_that_answers_too_few_is_not_believed() -> None:
    outcomes, _ = deliver(3, lambda _: 2)
    assert [type(outcome) for outcome in outcomes] == [UnreadableAnswer] * 3
