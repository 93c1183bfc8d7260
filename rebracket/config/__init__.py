"""Settings: `config.yaml`, overridden by `REBRACKET_DEPLOYMENT__…` environment variables."""

from rebracket.config.load import load_settings, settings
from rebracket.config.machine import available_cores, data_folder
from rebracket.config.sources import BOOTSTRAP_VARIABLE, CONFIG_VARIABLE, Settings
from rebracket.config.tree import (
    AB,
    ALIASES,
    SHADOW,
    Alias,
    Api,
    Auth,
    Batching,
    Deployment,
    Drift,
    Engine,
    Generation,
    Monitoring,
    RateLimit,
    Streaming,
    Variant,
)

__all__ = [
    "AB",
    "ALIASES",
    "BOOTSTRAP_VARIABLE",
    "CONFIG_VARIABLE",
    "SHADOW",
    "Alias",
    "Api",
    "Auth",
    "Batching",
    "Deployment",
    "Drift",
    "Engine",
    "Generation",
    "Monitoring",
    "RateLimit",
    "Settings",
    "Streaming",
    "Variant",
    "available_cores",
    "data_folder",
    "load_settings",
    "settings",
]
