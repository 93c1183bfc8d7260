"""What counts as printed as it is shown."""

import pytest

from tests.shown import differences


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ('{"a": 1, "b": 0.5}', '{"b": 0.51, "a": 1}'),
        ('{"a": 1, …}', '{"a": 1, "b": 2}'),
        ('{"a": {…}}', '{"a": {"b": 2}}'),
        ('{"a": [1, …, 4]}', '{"a": [1, 2, 3, 4]}'),
        ('{"a": "It was … by heart"}', '{"a": "It was a song I knew by heart"}'),
        ('{"latency_ms": 5.5}', '{"latency_ms": 180.2}'),
        ('{"seq": 0}\n…\n{"seq": 2}', '{"seq": 0}\n{"seq": 1}\n{"seq": 2}\n'),
        ("spatial 0.17; second: … (0.00).", "spatial 0.2; second: causal (0.01).\n"),
        ("spatial", "spatial\n"),
    ],
)
def test_what_differs_by_nature_is_the_same(shown: str, printed: str) -> None:
    assert differences(shown, printed) == []


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ('{"a": 1}', '{"a": 2}'),
        ('{"a": 1}', '{"a": 1, "b": 2}'),
        ('{"a": 1, …}', '{"b": 2}'),
        ('{"a": 0.5}', '{"a": 0.7}'),
        ('{"a": 0.5}', '{"a": null}'),
        ('{"a": true}', '{"a": 1}'),
        ('{"a": [1, …, 4]}', '{"a": [1, 2]}'),
        ('{"a": [1, …]}', '{"a": 1}'),
        ('{"a": {…}}', '{"a": []}'),
        ('{"a": "It was … by heart"}', '{"a": "It was lost"}'),
        ('{"seq": 0}\n…\n{"seq": 2}', '{"seq": 0}\n'),
        ("spatial 0.17", "temporal 0.17"),
        ("spatial", "spatial 1"),
    ],
)
def test_anything_else_is_a_difference(shown: str, printed: str) -> None:
    assert differences(shown, printed) != []
