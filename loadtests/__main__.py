"""`python -m loadtests PROFILE`: starts a server, lets locust's users ask it, keeps the report."""

import os
import subprocess
from contextlib import ExitStack

import click

from loadtests.keys import key
from loadtests.profiles import PROFILES
from loadtests.servers import PYTHON, RESULTS, ROOT, ours, serving
from rebracket.rates import Rate

PORT = 8150
LITTLE = Rate("60/minute")


@click.command(epilog="Example: python -m loadtests spike")
@click.argument("profile", type=click.Choice(list(PROFILES)))
@click.option("--shorten", default=1.0, show_default=True, help="Share of each stage's time.")
def main(profile: str, shorten: float) -> None:
    """Write loadtests/results/PROFILE.html and .csv; exit with 1 when the objective is not met."""
    command, extra = ours(PORT, RUNNER="embedded", **PROFILES[profile].settings)
    RESULTS.mkdir(exist_ok=True)
    with ExitStack() as stack:
        asking = stack.enter_context(key("loadtest"))
        hasty = stack.enter_context(key("loadtest-hasty", rate=LITTLE))
        server = stack.enter_context(serving("server", PORT, command, extra))
        locust = subprocess.run(
            [PYTHON, "-m", "locust", *arguments(profile, shorten, server.process.pid)],
            cwd=ROOT,
            env=os.environ
            | {
                "PYTHONPATH": str(ROOT),
                "REBRACKET_API_KEY": asking,
                "REBRACKET_HASTY_KEY": hasty,
            },
            check=False,
        )
    raise SystemExit(locust.returncode)


def arguments(profile: str, shorten: float, server: int) -> list[str]:
    """Locust's, headless."""
    return [
        *("-f", "loadtests/locustfile.py", "--headless", "--only-summary"),
        *("--host", f"http://127.0.0.1:{PORT}", "--server-pid", str(server)),
        *("--load", profile, "--shorten", str(shorten)),
        *("--html", str(RESULTS / f"{profile}.html"), "--csv", str(RESULTS / profile)),
    ]


if __name__ == "__main__":
    main()
