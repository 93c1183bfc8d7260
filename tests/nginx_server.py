"""A real nginx for tests, with the configuration that is deployed."""

import getpass
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import create_connection

from tests.programs import program

TEMPLATE = Path(__file__).parents[1] / "deploy" / "nginx" / "default.conf.template"
PATIENCE_S = 30
OWN = """
daemon off;
{user}
pid {folder}/pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/rebracket.conf;
}}
"""


def binary() -> str:
    """Where nginx is; a user's tests are skipped without it, CI's fail."""
    return program("nginx", "nginx-light")


def render(variables: dict[str, str]) -> str:
    """The template as the official image fills it in: variables of the environment, and no others."""
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in variables.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def configuration(folder: Path, variables: dict[str, str]) -> Path:
    """Write all that nginx needs into `folder`; the file to start it with."""
    (folder / "rebracket.conf").write_text(render(variables), encoding="utf-8")
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    path = folder / "nginx.conf"
    path.write_text(OWN.format(folder=folder, user=user), encoding="utf-8")
    return path


def variables(port: int, instances: Iterable[int]) -> dict[str, str]:
    """What the template needs for instances on ports of this machine."""
    servers = (f"server 127.0.0.1:{one} max_fails=1 fail_timeout=2s;" for one in instances)
    return {"REBRACKET_LISTEN": f"127.0.0.1:{port}", "REBRACKET_SERVERS": " ".join(servers)}


@contextmanager
def running(folder: Path, port: int, instances: Iterable[int]) -> Iterator[str]:
    """Serve instances on a port of this machine; yields the URL."""
    path = configuration(folder, variables(port, instances))
    with subprocess.Popen([binary(), "-p", str(folder), "-c", str(path)]) as process:
        try:
            _wait(process, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, "nginx ended"
        with suppress(ConnectionRefusedError):
            create_connection(("127.0.0.1", port)).close()
            return
        time.sleep(0.05)
    raise TimeoutError("nginx does not listen")
