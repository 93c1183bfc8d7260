"""What a reading of music is worth, where the answers are known because the music was made."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, roc_auc_score

from rebracket.models.heads import OPERATIONS_A_TYPE, PLAIN
from rebracket.taxonomy import INDEX, TYPES, RebracketingType
from rebracket.training.metrics import Metrics, measure

CLEAR = 0.4
"""The intensity from which on a type can be asked for."""


class MusicMetrics(Metrics):
    """Agreement with what was done to the music.

    What concerns types leaves plain music out, which is of none; `n`, `intensity_r`, `intensity_mae`
    and `plain_auroc` are of all of it.
    """

    clear_accuracy: float
    """Of types, at intensity 0.4 and above."""
    plain_auroc: float
    """How well intensity tells rebracketed from plain: the area under the ROC curve."""
    clear_by_type: dict[RebracketingType, float]
    confusion: list[list[int]]
    """At intensity 0.4 and above: a row for each true type, a column for each type found."""

    def flat(self) -> dict[str, float]:
        """The scalar metrics, as model metadata holds them."""
        values = self.model_dump(exclude={"f1", "n", "clear_by_type", "confusion"})
        return {name: round(value, 4) for name, value in values.items() if value is not None}


def type_of(kind: int) -> RebracketingType | None:
    """The type of an operation by its number; None of what is plain."""
    return None if kind == PLAIN else TYPES[kind // OPERATIONS_A_TYPE]


def measure_music(
    probabilities: NDArray[np.float64],
    intensity: NDArray[np.float64],
    *,
    types: Sequence[RebracketingType | None],
    intensities: Sequence[float],
) -> MusicMetrics:
    """Compare predictions with what was done.

    Args:
        probabilities: [n, 8], rows sum to 1.
        intensity: [n].
        types: the type of each; None where nothing was done.
        intensities: how strongly it was done, 0 where nothing was.
    """
    wanted = np.asarray(intensities)
    done = np.array([kind is not None for kind in types])
    known = [kind for kind in types if kind is not None]
    of_types = measure(
        probabilities[done], intensity[done], types=known, intensities=wanted[done].tolist()
    )
    clear = wanted[done] >= CLEAR
    true = np.array([INDEX[kind] for kind in known])[clear]
    guess = probabilities[done].argmax(axis=1)[clear]
    table = confusion_matrix(true, guess, labels=range(len(TYPES)))
    right = np.diag(table) / np.maximum(table.sum(axis=1), 1)
    found = of_types.model_dump() | {
        "n": len(wanted),
        "intensity_r": float(np.corrcoef(intensity, wanted)[0, 1]),
        "intensity_mae": float(np.abs(intensity - wanted).mean()),
    }
    return MusicMetrics(
        **found,
        clear_accuracy=float((true == guess).mean()),
        plain_auroc=float(roc_auc_score(done, intensity)),
        clear_by_type=dict(zip(TYPES, right.tolist(), strict=True)),
        confusion=table.tolist(),
    )
