"""Users of the service, for locust: `make loadtest PROFILE=spike`, or by hand

    REBRACKET_API_KEY=... locust -f loadtests/locustfile.py --host http://127.0.0.1:3000 --load mixed

The process exits with 1 when the profile's objective is not met.
"""

import os
import random
import time
from base64 import b64encode
from typing import Any

from locust import LoadTestShape, User, between, constant_throughput, events, task
from locust.argument_parser import LocustArgumentParser
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

from loadtests.music import flac, midi
from loadtests.profiles import PROFILES, Profile
from loadtests.servers import rss_bytes
from loadtests.slo import Answer, judge, judge_memory, percentile_95
from rebracket.training.corpus import load_part

KEY = os.environ.get("REBRACKET_API_KEY", "")
HASTY_KEY = os.environ.get("REBRACKET_HASTY_KEY", KEY)
TURNED_AWAY = (429, 503)
TUNE, TAKE = b64encode(midi(400)).decode(), b64encode(flac(10)).decode()
TEXTS = [text.text for part in range(4) for text in load_part(f"part{part}")]


@events.init_command_line_parser.add_listener
def options(parser: LocustArgumentParser) -> None:
    """What `locust --help` names beside its own options."""
    parser.add_argument("--load", choices=list(PROFILES), default="steady", help="What is sent.")
    parser.add_argument("--shorten", type=float, default=1.0, help="Share of each stage's time.")
    parser.add_argument(
        "--server-pid", type=int, help="The server, if it runs here: for its memory."
    )


class Caller(FastHttpUser):
    """Sends with a key, and minds how rejections look."""

    abstract = True
    key = KEY
    network_timeout = connection_timeout = 60.0

    def send(self, method: str, path: str, body: object = None) -> None:
        """A rejection with a time to come again is an answer; one without is a failure."""
        headers = {"X-API-Key": self.key}
        with self.client.request(
            method, path, json=body, headers=headers, catch_response=True
        ) as response:
            if response.status_code in TURNED_AWAY:
                response.request_meta["name"] += f" {response.status_code}"
                if response.headers and "Retry-After" in response.headers:
                    response.success()
                else:
                    response.failure(f"{response.status_code} without Retry-After")


class Songwriter(Caller):
    """Scores one line or verse after the other."""

    wait_time = constant_throughput(5)

    @task
    def predict(self) -> None:
        """Any corpus text."""
        self.send("POST", "/predict", {"text": random.choice(TEXTS)})


class Arranger(Caller):
    """Scores whole drafts."""

    wait_time = between(1, 3)

    @task
    def predict_batch(self) -> None:
        """Two to 24 segments."""
        texts = random.choices(TEXTS, k=random.randint(2, 24))
        self.send("POST", "/predict_batch", {"segments": [{"lyrics": text} for text in texts]})


class Band(Caller):
    """Scores what it has just played."""

    wait_time = between(1, 3)

    @task
    def notes(self) -> None:
        """A few bars from the sequencer."""
        self.send("POST", "/predict", {"midi": TUNE})

    @task
    def sound(self) -> None:
        """A take, with what it is about."""
        self.send("POST", "/predict", {"audio": TAKE, "text": random.choice(TEXTS)[:200]})


class Watcher(Caller):
    """Looks whether all is well."""

    wait_time = between(0.5, 2)

    @task
    def health(self) -> None:
        """As a load balancer does."""
        self.send("GET", "/health")

    @task
    def models(self) -> None:
        """As a page does that names the version."""
        self.send("GET", "/models")


class Hasty(Caller):
    """Asks more than its share."""

    key = HASTY_KEY
    wait_time = constant_throughput(4)

    @task
    def predict(self) -> None:
        """A short line."""
        self.send("POST", "/predict", {"text": random.choice(TEXTS)[:80]})


class Shape(LoadTestShape):
    """The profile's stages, one after the other."""

    use_common_options = False

    def tick(self) -> tuple[int, float, list[type[User]] | None] | None:
        """How many users there should be now, and of which classes."""
        assert self.runner is not None
        profile = chosen(self.runner.environment)
        stage = profile.stage(self.get_run_time())
        classes = [Songwriter, Arranger, Band, Watcher, Hasty]
        for kind in classes:
            kind.weight = profile.weights.get(kind.__name__, 0)
        wanted: list[type[User]] = [kind for kind in classes if kind.weight]
        return None if stage is None else (stage.users, float(stage.users), wanted)


def chosen(environment: Environment) -> Profile:
    """The profile that the command line names."""
    options = environment.parsed_options
    assert options is not None
    return PROFILES[options.load].shortened(options.shorten)


class Witness:
    """Notes every answer and the server's memory; judges at the end."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.profile = chosen(environment)
        self.started = time.time()
        self.answers: list[Answer] = []
        self.memory = self._memory()
        environment.events.test_start.add_listener(self.start)
        environment.events.request.add_listener(self.request)
        environment.events.quitting.add_listener(self.judge)

    def start(self, **_: Any) -> None:
        """Locust has begun to send."""
        self.started = time.time()

    def request(
        self, start_time: float, response_time: float, response: Any, exception: Any, **_: Any
    ) -> None:
        """One answer."""
        rejected = response is not None and response.status_code in TURNED_AWAY
        outcome = "failed" if exception else "rejected" if rejected else "ok"
        sent = start_time - self.started
        self.answers.append(Answer(sent, response_time, outcome))  # type: ignore[arg-type]
        first = self.profile.stages[0].seconds
        if sent < first:
            self.memory = max(self.memory, self._memory() if len(self.answers) % 20 == 0 else 0)

    def judge(self, **_: Any) -> None:
        """Print what was found; the process's exit code says whether it will do."""
        found = judge(self.answers, self.profile)
        if self.memory:
            found += judge_memory(self.memory, self._memory(), self.profile)
        rejected = sum(answer.outcome == "rejected" for answer in self.answers)
        print(
            f"{len(self.answers)} answers, {rejected} turned away, "
            f"p95 {percentile_95(self.answers):.0f} ms, {self._memory() / 2**20:.0f} MiB"
        )
        for reason in found:
            print(f"NOT MET: {reason}")
        self.environment.process_exit_code = 1 if found else 0

    def _memory(self) -> float:
        """Bytes that the server's processes hold; 0 when it runs elsewhere."""
        options = self.environment.parsed_options
        if options is None or not options.server_pid:
            return 0
        return rss_bytes(options.server_pid)


@events.init.add_listener
def watch(environment: Environment, **_: Any) -> None:
    """Judge this run."""
    Witness(environment)
