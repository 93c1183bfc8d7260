"""One store with the committed model, trained and exported, for the whole session."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# What is slow on a busy machine is not wrong.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

_home = tempfile.TemporaryDirectory(prefix="rebracket-tests-")
# Before anything imports bentoml, which reads these once.
os.environ["BENTOML_HOME"] = _home.name
os.environ["BENTOML_DO_NOT_TRACK"] = "True"
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(Path(_home.name) / "metrics")
for name in [name for name in os.environ if name.startswith("REBRACKET_")]:
    del os.environ[name]
Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir()

from export.install import install_committed  # noqa: E402
from rebracket.config import load_settings  # noqa: E402
from rebracket.gateway.key_store import KeyStore  # noqa: E402
from rebracket.gateway.keys import SCOPES  # noqa: E402
from rebracket.inference.predictor import Predictor  # noqa: E402
from rebracket.rates import Rate  # noqa: E402
from rebracket.registry import ExportedModel, resolve  # noqa: E402
from tests.small_store import home, save  # noqa: E402

__all__ = ["home", "save"]


@pytest.fixture(scope="session", autouse=True)
def store() -> Iterator[Path]:
    """The session's model store."""
    yield Path(_home.name)
    _home.cleanup()


@pytest.fixture(scope="session")
def exported(store: Path) -> ExportedModel:
    """The committed model, exported into the session's store."""
    del store
    return resolve(install_committed(step=lambda _: None))


@pytest.fixture(scope="session")
def predictor(exported: ExportedModel) -> Predictor:
    """The int8 artefact, as it is served by default."""
    return Predictor.load(exported, "int8").with_generator()


@pytest.fixture(scope="session")
def full_predictor(exported: ExportedModel) -> Predictor:
    """The fp32 artefact."""
    return Predictor.load(exported, "none")


@pytest.fixture(scope="session")
def key_store(store: Path) -> Iterator[KeyStore]:
    """The session's keys, where the settings' defaults put them."""
    del store
    opened = KeyStore.open(load_settings().deployment.auth.store)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def api_key(key_store: KeyStore) -> str:
    """A key that opens everything, as often as tests like."""
    plenty = Rate("1000000000/minute")
    return str(key_store.create("tests", SCOPES, rate=plenty, work=plenty).key)
