"""A real PostgreSQL for tests, thrown away after them."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg

from tests.programs import missing
from tests.redis_server import free_port

DEBIAN = Path("/usr/lib/postgresql")
ROLE = "rebracket"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # nothing here outlives a power cut anyway
    "timezone": "Pacific/Kiritimati",  # far from UTC, which keys are kept in
    "default_transaction_isolation": "serializable",  # the store must ask for what it needs
}


def binaries() -> Path:
    """Where PostgreSQL's programs are; a user's tests are skipped without them, CI's fail."""
    found = shutil.which("pg_ctl")
    newest = sorted(DEBIAN.glob("*/bin/pg_ctl"), key=lambda path: float(path.parts[-3]))
    if not found and not newest:
        missing("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return (Path(found) if found else newest[-1]).parent


def _owner() -> Mapping[str, Any]:
    """Who runs the server: PostgreSQL refuses to be root's."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class Postgres:
    """A cluster in `folder`, which whoever runs it owns; `start` and `stop` as often as you like."""

    def __init__(self, folder: Path) -> None:
        self._binaries = binaries()
        self._data = folder / "data"
        self._log = folder / "log"
        self.port = free_port()
        self._run("initdb", "--auth=trust", f"--username={ROLE}", "--encoding=UTF8", "--no-sync")

    def url(self, database: str) -> str:
        """How the settings name a database of this server."""
        return f"postgresql://{ROLE}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Make a database; its URL."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())
        return self.url(database)

    def start(self) -> None:
        """Return once the server answers."""
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        options += f" -c port={self.port}"
        self._run("pg_ctl", "start", "--wait", f"--log={self._log}", f"--options={options}")

    def stop(self) -> None:
        """End the server and all connections to it."""
        self._run("pg_ctl", "stop", "--wait", "--mode=fast")

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server takes connections and answers nothing, like a machine that swaps."""
        self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        server = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        for process in (server, *server.children()):
            process.send_signal(number)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), f"--pgdata={self._data}", *arguments]
        folder = self._data.parent
        ran = subprocess.run(
            command, cwd=folder, stdout=subprocess.DEVNULL, check=False, **_owner()
        )
        log = self._log.read_text() if self._log.exists() else ""
        assert ran.returncode == 0, f"{program}: {log}"


@contextmanager
def running() -> Iterator[Postgres]:
    """A server on a port of this machine, in a folder that a test's own would hide from it."""
    with tempfile.TemporaryDirectory(prefix="rebracket-postgres-") as name:
        if owner := _owner():
            os.chown(name, owner["user"], owner["group"])
        server = Postgres(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()
