"""Settings: `config.yaml`, overridden by `REBRACKET_DEPLOYMENT__…` environment variables."""

import os
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)

from rebracket.errors import ConfigError
from rebracket.packed import packed_model
from rebracket.rates import Rate

CONFIG_VARIABLE = "REBRACKET_CONFIG"
PREFIX = "REBRACKET_"
MIB = 2**20

Alias = Literal["production", "candidate"]
ALIASES: Final[tuple[Alias, ...]] = get_args(Alias)
"""Names that stored models can be given, whatever their version."""


def data_folder() -> Path:
    """Where keys and limits are kept: beside BentoML's model store, so that one volume keeps all."""
    home = os.environ.get("BENTOML_HOME") or "~/bentoml"
    return Path(home).expanduser().absolute() / "rebracket"


class Section(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Seconds = Annotated[float, Field(gt=0, le=3600)]


class Api(Section):
    """Where the service listens, how much it reads, and how it ends.

    Told to end, it says for `notice_s` that it is not ready, then takes nothing more, and gives what it
    has `drain_s`.
    """

    host: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    max_json_bytes: Annotated[int, Field(ge=1024, le=128 * MIB)] = 8 * MIB
    max_multipart_bytes: Annotated[int, Field(ge=1024, le=1024 * MIB)] = 128 * MIB
    max_bodies_bytes: Annotated[int, Field(ge=1024)] = 512 * MIB
    timeout_s: Seconds = 60.0
    header_timeout_s: Seconds = 10.0
    body_timeout_s: Seconds = 20.0
    max_header_bytes: Annotated[int, Field(ge=1024, le=MIB)] = 16 * 1024
    max_connections: Annotated[int, Field(ge=1, le=10**6)] = 1000
    cors_origins: tuple[str, ...] = ()
    notice_s: Annotated[float, Field(ge=0, le=600)] = 0.0
    drain_s: Seconds = 25.0


class Optimization(Section):
    """Which artefact of the stored model answers."""

    onnx: Literal[True] = True
    quantization: Literal["int8", "none"] = "int8"


class Engine(Section):
    """How inference shares the cores; 0 runs means a worker's share of them."""

    provider: Literal["cpu", "cuda"] = "cpu"
    parallel_runs: Annotated[int, Field(ge=0, le=256)] = 0
    threads: Annotated[int, Field(ge=1, le=256)] = 1

    def runs(self, workers: int) -> int:
        """Inferences side by side in one of so many workers: never more threads than cores."""
        return self.parallel_runs or max(1, available_cores() // (workers * self.threads))


class Batching(Section):
    """How much is computed together, and how much may wait; `max_queue` is in tokens, a worker's."""

    max_batch_size: Annotated[int, Field(ge=1, le=1024)] = 32
    max_latency_ms: Annotated[float, Field(ge=1, le=3_600_000)] = 10_000.0
    max_queue: Annotated[int, Field(ge=1)] = 200_000


SHADOW = "shadow"
"""What the predictions of `ab.shadow` are called."""


class Variant(Section):
    """A model and its part of the traffic; answers call it `name`, by default what `model` says."""

    model: Annotated[str, Field(min_length=1)]
    weight: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")] | None = None

    @property
    def called(self) -> str:
        """Its name."""
        return self.name or Path(self.model).name


class AB(Section):
    """Which models share the traffic; without variants, `model_path` has all of it.

    `shadow` names a model that reads the same segments when there is time; nobody sees its answers.
    """

    salt: str = "rebracket"
    variants: Annotated[list[Variant], Field(max_length=16)] = []
    shadow: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _named_apart(self) -> Self:
        names = [SHADOW, *(variant.called for variant in self.variants)]
        if len(set(names)) < len(names):
            raise ValueError(f"variants need names that differ, from {SHADOW!r} as well")
        return self


class Auth(Section):
    """Who may ask."""

    enabled: bool = True
    store: Annotated[str, Field(min_length=1)] = Field(
        default_factory=lambda: f"sqlite:///{data_folder() / 'keys.db'}"
    )
    refresh_s: Annotated[float, Field(gt=0, le=2)] = 0.5
    max_stale_s: Seconds = 60.0
    metrics: Literal["local", "admin", "open"] = "local"
    failures: Rate | None = Rate("30/minute")


class RateLimit(Section):
    """How much each key may ask, unless the key says otherwise."""

    enabled: bool = True
    storage: Annotated[str, Field(pattern=r"^(sqlite:///|rediss?://|unix://)")] = Field(
        default_factory=lambda: f"sqlite:///{data_folder() / 'limits.db'}"
    )
    default: Rate = Rate("600/minute")
    work: Rate | None = Rate("300000/minute")
    streams: Annotated[int, Field(ge=1, le=10**6)] | None = 64
    on_failure: Literal["open", "closed"] = "open"
    timeout_s: Annotated[float, Field(gt=0, le=10)] = 0.25


class Streaming(Section):
    """How live audio is read, and how much of it a worker takes.

    `max_streams` is in streams of 44.1 kHz, one channel, windows of 4 s and half overlap; one that
    costs more counts for more. 0 means `STREAMS_A_CORE` for each core that the worker has, and
    `STREAMS_A_WORKER` at most.
    """

    window_s: Annotated[float, Field(ge=1, le=30)] = 4.0
    overlap: Annotated[float, Field(ge=0, le=0.95)] = 0.5
    max_streams: Annotated[int, Field(ge=0, le=10**6)] = 0
    max_lag_ms: Annotated[float, Field(ge=1, le=60_000)] = 150.0
    idle_s: Seconds = 30.0
    stall_s: Seconds = 10.0
    max_frame_bytes: Annotated[int, Field(ge=1024, le=64 * MIB)] = MIB

    def streams(self, workers: int) -> float:
        """What one of so many workers takes."""
        share = STREAMS_A_CORE * available_cores() / workers
        return self.max_streams or min(share, STREAMS_A_WORKER)


STREAMS_A_CORE, STREAMS_A_WORKER = 64, 160
"""On two cores 160 are answered in 10 ms and 208 in 30 (p95), by a process that is as busy as one can be."""


class Generation(Section):
    """How much may be written and wait; `max_queue` is in tokens, a worker's."""

    max_queue: Annotated[int, Field(ge=1)] = 100_000
    guidance: Annotated[float, Field(ge=1, le=5)] = 1.0


class Drift(Section):
    """When recent predictions count as unlike those that the model was measured on."""

    window: Annotated[int, Field(ge=50, le=100_000)] = 1000
    min_predictions: Annotated[int, Field(ge=20, le=100_000)] = 300
    threshold: Annotated[float, Field(gt=0, le=100)] = 0.25
    every_s: Seconds = 10.0


class Monitoring(Section):
    """Which predictions are kept, for how long, and what is watched in them."""

    sample: Annotated[float, Field(ge=0, le=1)] = 1.0
    store: Path = Field(default_factory=lambda: data_folder() / "predictions.db")
    store_content: bool = False
    max_rows: Annotated[int, Field(ge=100, le=10**8)] = 100_000
    max_bytes: Annotated[int, Field(ge=MIB)] = 256 * MIB
    drift: Drift = Drift()


class Logs(Section):
    """How log lines are written; `auto` is text on a terminal and JSON elsewhere."""

    format: Literal["auto", "json", "text"] = "auto"


class Deployment(Section):
    """Everything about one deployment."""

    api: Api = Api()
    workers: Annotated[int, Field(ge=1, le=256)] = 1
    model_path: Annotated[str, Field(min_length=1)] = Field(
        default_factory=lambda: packed_model() or "rebracket-segment:latest"
    )
    optimization: Optimization = Optimization()
    runner: Literal["embedded", "service"] = "embedded"
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


class Settings(BaseSettings):
    """The whole settings tree."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_parse_none_str="null",
        nested_model_default_partial_update=True,
        extra="forbid",
        frozen=True,
    )

    deployment: Deployment = Field(default_factory=Deployment)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file over defaults."""
        del dotenv_settings, file_secret_settings
        path = os.environ.get(CONFIG_VARIABLE)
        file = YamlConfigSettingsSource(settings_cls, yaml_file=path) if path else None
        return (init_settings, env_settings, *([file] if file else []))


def load_settings() -> Settings:
    """Read settings from the file in `REBRACKET_CONFIG` and the environment.

    Raises:
        ConfigError: a key's path, and what was expected there.
    """
    path = os.environ.get(CONFIG_VARIABLE)
    if path and not Path(path).is_file():
        raise ConfigError(f"{CONFIG_VARIABLE}: no file at {path}")
    try:
        if path and not isinstance(yaml.safe_load(Path(path).read_bytes()), dict | None):
            raise ConfigError(f"{path}: expected a mapping of settings")
        return Settings()
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise ConfigError("; ".join(lines)) from None
    except (SettingsError, yaml.YAMLError, OSError) as error:
        raise ConfigError(f"{path or 'environment'}: {error}") from None


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return load_settings()


def available_cores() -> int:
    """Cores that this process may use: its affinity, cut by the cgroup's CPU quota."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))
