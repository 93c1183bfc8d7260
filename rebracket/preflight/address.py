"""Whether the service can listen where it is told to."""

import errno
import socket
from collections.abc import Iterator

from rebracket.config import Api
from rebracket.gateway.port import in_use


def problems(api: Api) -> Iterator[str]:
    """What stops a socket from being bound to host and port, as BentoML binds it."""
    family = socket.AF_INET if api.host.version == 4 else socket.AF_INET6  # noqa: PLR2004
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((str(api.host), api.port))
    except OSError as error:
        yield _line(api, error)


def _line(api: Api, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return in_use(api)
        case errno.EACCES:
            return f"deployment.api.port: {api.port} is for privileged processes"
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return f"deployment.api.host: {api.host} is no address of this machine"
    return f"deployment.api: {api.host}, {api.port}: {error.strerror}"
