"""All that is looked at, and what is found."""

from dataclasses import dataclass

from rebracket.config import Deployment, available_cores
from rebracket.preflight import address, folders, keys, models, stores


@dataclass(frozen=True, slots=True)
class Findings:
    """A line each: `problems` stop a start, `warnings` don't."""

    problems: list[str]
    warnings: list[str]


def look(deployment: Deployment) -> Findings:
    """Look at address, folders, keys, limits, predictions and models of a deployment."""
    home = list(folders.problems())
    problems = [
        *address.problems(deployment.api),
        *keys.problems(deployment.auth),
        *stores.limit_problems(deployment.rate_limit),
        *stores.prediction_problems(deployment.monitoring),
        # A model store that can't be used tells nothing of models.
        *(home or models.problems(deployment)),
    ]
    return Findings(problems, warnings(deployment))


def warnings(deployment: Deployment) -> list[str]:
    """What starts, and makes no sense on this machine."""
    cores = available_cores()
    if deployment.workers > cores:
        return [
            f"deployment.workers: {deployment.workers} are more than this machine's {cores} cores"
        ]
    return []
