"""Rows as the service writes them."""

from dataclasses import replace
from typing import Any

from rebracket.monitoring.rows import OK, Row

ROW = Row(
    at=1_790_000_000.0,
    request_id="take-7",
    subject="5f0c",
    key_id="4fT9sKq2Lw",
    model="rebracket-segment",
    version="1.1.0",
    variant="default",
    outcome=OK,
    status=200,
    modalities="text",
    type="spatial",
    intensity=0.25,
    confidence=0.75,
    probabilities='{"spatial": 0.75}',
    tokens=12,
    unknown_share=0.0,
    decode_s=0.001,
    queue_s=0.002,
    compute_s=0.007,
)


def made(**changes: Any) -> Row:
    return replace(ROW, **changes)
