"""BentoML: a service that depends on another one with a batchable API."""

from typing import Any

import bentoml

from loadtests.bench.peers.model import Model


@bentoml.service
class Encoder:
    def __init__(self) -> None:
        self.model = Model()

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=1000)
    def read(self, texts: list[str]) -> list[dict[str, Any]]:
        return self.model.read(list(texts))


@bentoml.service
class Peer:
    encoder = bentoml.depends(Encoder)

    @bentoml.api
    async def predict(self, text: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = await self.encoder.to_async.read([text])
        return found[0]
