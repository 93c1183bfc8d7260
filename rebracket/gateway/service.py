"""BentoML's description of a service, whose workers' application is ours.

The process above the workers has this too, and never builds the application: what that takes is
imported in the process that does.
"""

from typing import Any

from _bentoml_sdk import Service as BentoService
from starlette.applications import Starlette

from rebracket.config import settings
from rebracket.parent import end_with_parent


class Service(BentoService[Any]):  # type: ignore[misc]  # its package is untyped
    """A BentoML service whose application `AppFactory` builds."""

    def to_asgi(self, is_main: bool = True) -> Starlette:
        """The ASGI application of one worker."""
        from rebracket.gateway import draining, protocol
        from rebracket.gateway.app import AppFactory
        from rebracket.inference.products import one_thread
        from rebracket.monitoring import logs

        end_with_parent()
        self.inject_config()
        draining.listen()
        one_thread()
        protocol.install()
        logs.install(settings().deployment.logs.format)
        return AppFactory(self, is_main=is_main)()
