"""What an encoder reads at once."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Feeds = dict[str, NDArray[np.int64] | NDArray[np.float32]]
"""Arrays by a model's input names."""


class Window(Protocol):
    """Some of a segment; arrays may be made when they are asked for."""

    @property
    def work(self) -> int:
        """What reading it costs, about as many tokens of words would."""

    def feeds(self) -> Feeds:
        """What the model takes."""

    def beside(self, others: Sequence[Any]) -> "Window":
        """This one and others of its kind in one batch, padded to one length, in order."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Windows of music as arrays, under the input's name.

    Shapes: `features` float32 [windows, steps, …]; `mask` float32 [windows, steps], 1 where there is
    something.
    """

    name: str
    features: NDArray[np.float32]
    mask: NDArray[np.float32]

    @classmethod
    def of(cls, name: str, features: NDArray[np.float32]) -> Self:
        """One window's features [steps, …]."""
        return cls(name, features[None], np.ones((1, len(features)), dtype=np.float32))

    @property
    def work(self) -> int:
        """How many steps there are."""
        return int(self.mask.sum())

    def feeds(self) -> Feeds:
        """Features and mask."""
        return {self.name: self.features, "mask": self.mask}

    def steps(self) -> "Steps":
        """Itself."""
        return self

    def beside(self, others: "Sequence[Steps | MusicWindow]") -> "Steps":
        """In one batch with others."""
        items = [self, *(other.steps() for other in others)]
        longest = max(item.mask.shape[1] for item in items)

        def widen(array: NDArray[np.float32]) -> NDArray[np.float32]:
            missing = longest - array.shape[1]
            return np.pad(array, [(0, 0), (0, missing), *[(0, 0)] * (array.ndim - 2)])

        return Steps(
            self.name,
            np.concatenate([widen(item.features) for item in items]),
            np.concatenate([widen(item.mask) for item in items]),
        )


class MusicWindow(ABC):
    """Some of a piece's notes or sound; its features are worked out when they are asked for."""

    __slots__ = ()
    INPUT: ClassVar[str]
    """The name of the encoder's input."""

    @property
    @abstractmethod
    def work(self) -> int:
        """How many steps it has."""

    @abstractmethod
    def features(self) -> NDArray[np.float32]:
        """[steps, …]."""

    def steps(self) -> Steps:
        """As arrays."""
        return Steps.of(self.INPUT, self.features())

    def feeds(self) -> Feeds:
        """What the encoder takes."""
        return self.steps().feeds()

    def beside(self, others: "Sequence[Steps | MusicWindow]") -> Steps:
        """In one batch with others of its kind."""
        return self.steps().beside(others)
