"""The settings tree: what there is to set, within which bounds, and what it means.

What stands under a setting is its meaning in the README's table, the schema and `rebracket config`.
"""

from ipaddress import IPv4Address
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress, model_validator

from rebracket.config.machine import available_cores, data_folder
from rebracket.config.packed import packed_model
from rebracket.rates import Rate

MIB = 2**20

Alias = Literal["production", "candidate"]
ALIASES: Final[tuple[Alias, ...]] = get_args(Alias)
"""Names that stored models can be given, whatever their version."""


class Section(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Seconds = Annotated[float, Field(gt=0, le=3600)]


class Api(Section):
    """Where the service listens, how much it reads, and how it ends."""

    host: IPvAnyAddress = IPv4Address("127.0.0.1")
    """The address it listens on: an IP of this machine, 0.0.0.0 or :: for all of them."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    """The port it listens on."""
    max_json_bytes: Annotated[int, Field(ge=1024, le=128 * MIB)] = 8 * MIB
    """Longer JSON bodies get 413."""
    max_multipart_bytes: Annotated[int, Field(ge=1024, le=1024 * MIB)] = 128 * MIB
    """Longer bodies in parts get 413."""
    max_bodies_bytes: Annotated[int, Field(ge=1024)] = 512 * MIB
    """What a worker's requests under way may hold together; more get 503."""
    timeout_s: Seconds = 60.0
    """Seconds until an unanswered request is given up."""
    header_timeout_s: Seconds = 10.0
    """Seconds for a request's header."""
    body_timeout_s: Seconds = 20.0
    """Seconds for a request's body, which has one more for every 4 KiB that came."""
    max_header_bytes: Annotated[int, Field(ge=1024, le=MIB)] = 16 * 1024
    """Longer headers get 431."""
    max_connections: Annotated[int, Field(ge=1, le=10**6)] = 1000
    """Open connections a worker."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the service, or `["*"]`."""
    notice_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Told to end, seconds in which `/readyz` says 503 while all is still answered."""
    drain_s: Seconds = 25.0
    """Told to end, seconds for what is under way, once nothing more is taken."""


class Optimization(Section):
    """Which artefact of the stored model answers."""

    onnx: Literal[True] = True
    """ONNX it is: nothing else is served."""
    quantization: Literal["int8", "none"] = "int8"
    """`int8`, or `none`: fp32."""


class Engine(Section):
    """How inference shares the cores."""

    provider: Literal["cpu", "cuda"] = "cpu"
    """`cpu`, or `cuda`, where onnxruntime-gpu is installed: windows are then computed in batches."""
    parallel_runs: Annotated[int, Field(ge=0, le=256)] = 0
    """Inferences side by side in a worker; 0: its share of the cores."""
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    """Threads of each inference."""

    def runs(self, workers: int) -> int:
        """Inferences side by side in one of so many workers: never more threads than cores."""
        return self.parallel_runs or max(1, available_cores() // (workers * self.threads))


class Batching(Section):
    """How much is computed together, and how much may wait."""

    max_batch_size: Annotated[int, Field(ge=1, le=1024)] = 32
    """Windows computed or sent together, at most."""
    max_latency_ms: Annotated[float, Field(ge=1, le=3_600_000)] = 10_000.0
    """What has not begun by then is answered 503."""
    max_queue: Annotated[int, Field(ge=1)] = 200_000
    """Tokens that may wait in a worker; beyond it 503 with `Retry-After`."""


SHADOW = "shadow"
"""What the predictions of `ab.shadow` are called."""


class Variant(Section):
    """A model and its part of the traffic."""

    model: Annotated[str, Field(min_length=1)]
    """Store tag, alias, version, or path of an exported model."""
    weight: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    """Its part of the traffic, against the weights of the others."""
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] | None = None
    """What answers call it; by default what `model` says."""

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or Path(self.model).name


class AB(Section):
    """Which models share the traffic, and which one reads along."""

    salt: str = "rebracket"
    """Another salt splits the traffic anew."""
    variants: Annotated[list[Variant], Field(max_length=16)] = []
    """Models that share the traffic, each with `model`, `weight` and `name`; without any, `model_path` has all of it."""
    shadow: Annotated[str, Field(min_length=1)] | None = None
    """A model that reads along, unseen, when there is time."""

    @model_validator(mode="after")
    def _named_apart(self) -> Self:
        names = [SHADOW, *(variant.called for variant in self.variants)]
        if len(set(names)) < len(names):
            raise ValueError(f"variants need names that differ, from {SHADOW!r} as well")
        return self


class Auth(Section):
    """Who may ask."""

    enabled: bool = True
    """Whether keys are needed."""
    store: Annotated[str, Field(min_length=1)] = Field(
        default_factory=lambda: f"sqlite:///{data_folder() / 'keys.db'}"
    )
    """`sqlite:///PATH` or `postgresql://` URL of the keys, by default of an SQLite file beside the model store."""
    refresh_s: Annotated[float, Field(gt=0, le=2)] = 0.5
    """Seconds between looks for changed keys."""
    max_stale_s: Seconds = 60.0
    """Seconds without a look until all is refused."""
    metrics: Literal["local", "admin", "open"] = "local"
    """Who reads `/metrics` without a key: `local` addresses, nobody (`admin`), anyone (`open`)."""
    failures: Rate | None = Rate("30/minute")
    """Wrong keys an address; null: not counted."""


class RateLimit(Section):
    """How much each key may ask, unless the key says otherwise."""

    enabled: bool = True
    """Whether shares are counted."""
    storage: Annotated[str, Field(pattern=r"^(sqlite:///|rediss?://|unix://)")] = Field(
        default_factory=lambda: f"sqlite:///{data_folder() / 'limits.db'}"
    )
    """`sqlite:///PATH`, by default beside the model store, or a URL of Redis: `redis://`, `rediss://` or `unix://`."""
    default: Rate = Rate("600/minute")
    """Requests, the share of keys without their own."""
    work: Rate | None = Rate("300000/minute")
    """Tokens, the share of keys without their own; null: work is not counted."""
    streams: Annotated[int, Field(ge=1, le=10**6)] | None = 64
    """Streams that a key without its own limit has open at once; null: any number."""
    on_failure: Literal["open", "closed"] = "open"
    """Without the storage, let pass (`open`) or refuse (`closed`)."""
    timeout_s: Annotated[float, Field(gt=0, le=10)] = 0.25
    """Seconds until the storage counts as failed."""


class Streaming(Section):
    """How live audio is read, and how much of it a worker takes.

    `max_streams` is in streams of 44.1 kHz, one channel, windows of 4 s and half overlap; one that
    costs more counts for more. 0 means `STREAMS_A_CORE` for each core that the worker has, and
    `STREAMS_A_WORKER` at most.
    """

    window_s: Annotated[float, Field(ge=1, le=30)] = 4.0
    """Seconds of a window, in streams that don't ask for others."""
    overlap: Annotated[float, Field(ge=0, le=0.95)] = 0.5
    """The part of a window that the next one shares, in streams that don't ask for another."""
    max_streams: Annotated[int, Field(ge=0, le=10**6)] = 0
    """Streams a worker takes, those that cost more counted for more; 0: 64 a core that it has, 160 at most."""
    max_lag_ms: Annotated[float, Field(ge=1, le=60_000)] = 150.0
    """While more than a twentieth of the windows are later, no stream is taken."""
    idle_s: Seconds = 30.0
    """Seconds without audio that end a stream."""
    stall_s: Seconds = 10.0
    """Seconds without reading answers that end a stream."""
    max_frame_bytes: Annotated[int, Field(ge=1024, le=64 * MIB)] = MIB
    """Longer WebSocket frames end a stream."""

    def streams(self, workers: int) -> float:
        """What one of so many workers takes."""
        share = STREAMS_A_CORE * available_cores() / workers
        return self.max_streams or min(share, STREAMS_A_WORKER)


STREAMS_A_CORE, STREAMS_A_WORKER = 64, 160
"""On two cores 160 are answered in 10 ms and 208 in 30 (p95), by a process that is as busy as one can be."""


class Generation(Section):
    """How segments are written, and how much may wait for it."""

    max_queue: Annotated[int, Field(ge=1)] = 100_000
    """Tokens that may wait to be generated in a worker; beyond it 503 with `Retry-After`."""
    guidance: Annotated[float, Field(ge=1, le=5)] = 1.0
    """How far type and intensity are exaggerated while notes are drawn, up to 5; 1: not at all, more takes twice the time."""


class Drift(Section):
    """When recent predictions count as unlike those that the model was measured on."""

    window: Annotated[int, Field(ge=50, le=100_000)] = 1000
    """Last predictions looked at."""
    min_predictions: Annotated[int, Field(ge=20, le=100_000)] = 300
    """Fewer predictions say nothing."""
    threshold: Annotated[float, Field(gt=0, le=100)] = 0.25
    """The index over which predictions have drifted."""
    every_s: Seconds = 10.0
    """Seconds between looks."""


class Monitoring(Section):
    """Which predictions are kept, for how long, and what is watched in them."""

    sample: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of requests whose predictions are kept."""
    store: Path = Field(default_factory=lambda: data_folder() / "predictions.db")
    """Path of the predictions, by default beside the model store."""
    store_content: bool = False
    """Whether words are kept with the predictions."""
    max_rows: Annotated[int, Field(ge=100, le=10**8)] = 100_000
    """Predictions kept, at most."""
    max_bytes: Annotated[int, Field(ge=MIB)] = 256 * MIB
    """Bytes of predictions kept, at most."""
    drift: Drift = Drift()


class Logs(Section):
    """How log lines are written."""

    format: Literal["auto", "json", "text"] = "auto"
    """`json`, `text`, or `auto`: text on a terminal, JSON elsewhere."""


class Deployment(Section):
    """Everything about one deployment."""

    api: Api = Api()
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    """Worker processes."""
    model_path: Annotated[str, Field(min_length=1)] = Field(
        default_factory=lambda: packed_model() or "rebracket-segment:latest"
    )
    """Store tag, alias, version, or path of an exported model; in a Bento, by default the one that it packs."""
    optimization: Optimization = Optimization()
    runner: Literal["embedded", "service"] = "embedded"
    """Where the model is computed: in each worker (`embedded`), or in one process for all (`service`)."""
    engine: Engine = Engine()
    batching: Batching = Batching()
    ab: AB = AB()
    auth: Auth = Field(default_factory=Auth)
    rate_limit: RateLimit = Field(default_factory=RateLimit)
    streaming: Streaming = Streaming()
    generation: Generation = Generation()
    monitoring: Monitoring = Field(default_factory=Monitoring)
    logs: Logs = Logs()

    @property
    def variants(self) -> list[Variant]:
        """What shares the traffic, even if it is one."""
        return self.ab.variants or [Variant(model=self.model_path, name="default")]

    @property
    def references(self) -> list[str]:
        """Every model that is served, seen or not."""
        along = [self.ab.shadow] if self.ab.shadow else []
        return [*(variant.model for variant in self.variants), *along]
