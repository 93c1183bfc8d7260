"""LitServe with its batching."""

import sys
from typing import Any

import litserve

from loadtests.bench.peers.model import Model


class Api(litserve.LitAPI):  # type: ignore[misc]  # its package is untyped
    def setup(self, device: str) -> None:
        del device
        self.model = Model()

    def decode_request(self, request: dict[str, str]) -> str:
        return request["text"]

    def batch(self, inputs: list[str]) -> list[str]:
        return inputs

    def predict(self, x: list[str]) -> list[dict[str, Any]]:
        return self.model.read(list(x))

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return output

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        return output


if __name__ == "__main__":
    server = litserve.LitServer(
        Api(max_batch_size=32, batch_timeout=0.005), accelerator="cpu", timeout=60
    )
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
