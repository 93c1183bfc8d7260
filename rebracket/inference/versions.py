"""The model versions that a worker serves: each loaded once, switched while requests run."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock, Thread

from rebracket.config import SHADOW, Deployment
from rebracket.errors import RebracketError
from rebracket.inference.predictor import Reader
from rebracket.inference.router import Router, Variant
from rebracket.registry import ExportedModel, reloads, resolve

logger = logging.getLogger(__name__)

Load = Callable[[ExportedModel], Reader]
LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version in memory."""

    model: ExportedModel
    reader: Reader


class Versions:
    """What references mean now.

    A switch replaces `router` whole: requests under way keep the reader that they began with, and a
    version leaves memory when the last of them has ended.
    """

    def __init__(self, deployment: Deployment, load: Load) -> None:
        self._deployment = deployment
        self._load = load
        self._lock = Lock()
        self._ended = Event()
        self._seen = reloads.last()
        self.loaded: dict[Path, Loaded] = {}
        self.models: dict[str, ExportedModel] = {}
        """By variant."""
        self.shadow: Reader | None = None
        """Reads along with the router's."""
        self.router = self._resolved()
        self._thread = Thread(target=self._follow, name="versions", daemon=True)
        self._thread.start()

    def reload(self) -> None:
        """Switch to what the references mean by now. Blocks.

        Raises:
            StoreError: one of them can't be served; what was served still is.
        """
        with self._lock:
            before = self._refs()
            self.router = self._resolved()
            if self._refs() != before:
                logger.info("Now serving %s", ", ".join(self._refs()))

    def close(self) -> None:
        """Follow no more."""
        self._ended.set()
        self._thread.join()

    def _resolved(self) -> Router:
        loaded: dict[Path, Loaded] = {}
        models: dict[str, ExportedModel] = {}
        variants = []

        def read(reference: str, name: str) -> Reader:
            model = models[name] = resolve(reference)
            found = loaded.get(model.path) or self.loaded.get(model.path)
            loaded[model.path] = found or Loaded(model, self._load(model))
            reader = loaded[model.path].reader
            return replace(reader, ref=reader.ref.model_copy(update={"variant": name}))

        for variant in self._deployment.variants:
            reader = read(variant.model, variant.called)
            variants.append(Variant(variant.weight, reader))
        along = self._deployment.ab.shadow
        self.shadow = read(along, SHADOW) if along else None
        self.loaded, self.models = loaded, models
        return Router(variants, salt=self._deployment.ab.salt)

    def _refs(self) -> list[str]:
        return [
            f"{v.name} = {v.reader.ref.name}:{v.reader.ref.version}" for v in self.router.variants
        ]

    def _follow(self) -> None:
        """Reload when any process of this machine asks for it: all workers switch, not just one."""
        while not self._ended.wait(LOOK_EVERY_S):
            asked = reloads.last()
            if asked != self._seen:
                self._seen = asked
                try:
                    self.reload()
                except RebracketError as error:
                    logger.error("Still serving what was served: %s", error)  # noqa: TRY400
