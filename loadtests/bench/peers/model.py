"""What every peer needs: tokens in, a dictionary out."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from pydantic import BaseModel
from tokenizers import Tokenizer

from rebracket.taxonomy import TYPES

FOLDER = "REBRACKET_BENCH_MODEL"


class Note(BaseModel):
    text: str


class Model:
    """Reads texts in one padded run."""

    def __init__(self) -> None:
        folder = Path(os.environ[FOLDER])
        self.session = ort.InferenceSession(str(folder / "model.int8.onnx"))
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_padding()

    def read(self, texts: list[str]) -> list[dict[str, Any]]:
        encoded = self.tokenizer.encode_batch(texts)
        logits, intensity = self.session.run(
            None,
            {
                "input_ids": np.array([item.ids for item in encoded]),
                "attention_mask": np.array([item.attention_mask for item in encoded]),
                "fields": np.zeros(len(texts), dtype=np.int64),
                "pool": np.eye(len(texts), dtype=np.float32),
            },
        )
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        return [
            {
                "type": TYPES[int(row.argmax())],
                "probabilities": row.tolist(),
                "intensity": float(strength),
            }
            for row, strength in zip(shares, intensity, strict=True)
        ]
