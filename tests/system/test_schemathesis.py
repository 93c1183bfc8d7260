"""Thousands of generated requests find no 5xx and no answer that the OpenAPI document lacks."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

from rebracket.conditioning import MOST_CANDIDATES
from rebracket.gateway import openapi
from rebracket.notation import MOST_BARS
from rebracket.registry import ExportedModel
from tests.system.conftest import Server, serving

EXAMPLES = 400

load_all_checks()
# What is readable words can't be said in a schema: "\u200b" is well-formed, and still a 422.
POSITIVE = CHECKS.get_by_names(["positive_data_acceptance"])


@pytest.fixture(scope="module")
def attacked(exported: ExportedModel) -> Iterator[Server]:
    """A server that lets this machine fail to authenticate as often as it likes."""
    assert exported.version
    with serving(
        "rebracket.cli",
        "serve",
        WORKERS="2",
        AUTH__FAILURES="1000000/minute",
        AUTH__METRICS="admin",
    ) as server:
        yield server


# A query too long for its field may be too long for the header first.
REFUSALS = ["400", "401", "403", "404", "405", "415", "422", "429", "431", "5xx"]
CONFIG = SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}
)

schema = schemathesis.openapi.from_dict(openapi.document(), config=CONFIG)


def make_short(asked: Any) -> None:
    """Thousands of long segments would take hours; what is not valid stays as it is."""
    if isinstance(asked, dict):
        asked.setdefault("candidates", 1)
        for name, most in (("bars", MOST_BARS), ("candidates", MOST_CANDIDATES)):
            if asked.get(name) in range(3, most + 1):
                asked[name] = 2


# Audio is generated as a stream of octets only.
@pytest.mark.filterwarnings("ignore:Skipped test cases with unsupported payload media types")
@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_the_service_keeps_to_its_document(
    case: Any, attacked: Server, headers: dict[str, str]
) -> None:
    if case.path == "/generate":
        make_short(case.body)
    case.call_and_validate(base_url=attacked.url, headers=headers, excluded_checks=POSITIVE)
