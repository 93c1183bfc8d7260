"""The model versions that a worker serves: each loaded once, switched while requests run."""

import logging
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Lock, Thread

from rebracket.config import SHADOW, Deployment
from rebracket.errors import RebracketError
from rebracket.inference.predictor import Reader
from rebracket.inference.router import Router, Variant
from rebracket.registry import ExportedModel, reloads, resolve

logger = logging.getLogger(__name__)

Load = Callable[[ExportedModel], Reader]
LOOK_EVERY_S = 0.5


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
        self.router = Router([], salt=deployment.ab.salt)
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
        loaded = {reader.model.path: reader for reader in self.router.readers}

        def read(reference: str, name: str) -> Reader:
            model = resolve(reference)
            reader = loaded.get(model.path) or self._load(model)
            loaded[model.path] = reader
            return replace(reader, ref=reader.ref.model_copy(update={"variant": name}))

        ab = self._deployment.ab
        return Router(
            [Variant(v.weight, read(v.model, v.called)) for v in self._deployment.variants],
            shadow=read(ab.shadow, SHADOW) if ab.shadow else None,
            salt=ab.salt,
        )

    def _refs(self) -> list[str]:
        refs = [reader.ref for reader in self.router.readers]
        return [f"{ref.variant} = {ref.name}:{ref.version}" for ref in refs]

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
