"""The authored corpus: readings of texts, soft labels, splits."""

import hashlib
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import HashingVectorizer

from rebracket.errors import CorpusError
from rebracket.schemas import Segment
from rebracket.taxonomy import INDEX, TYPES, RebracketingType

Register = Literal["note", "lyric", "proposal"]
Intensity = Annotated[float, Field(ge=0, le=1)]

SECOND_MASS = 0.25
"""The share of a reading's label mass that its second type takes."""

NEAR_DUPLICATE = 0.5
"""Texts that share this much of their word trigrams (cosine) belong to one group."""

VALIDATION_PARTS = ("part15",)
TEST_PARTS = ("part6", "part16")


class Record(BaseModel):
    """A line of a data file; unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reading(Record):
    """What one reader makes of a text."""

    type: RebracketingType
    second: RebracketingType | None
    intensity: Intensity

    @property
    def mass(self) -> NDArray[np.float64]:
        """Label mass over the eight types."""
        mass = np.zeros(len(TYPES))
        mass[INDEX[self.type]] = 1.0 if self.second is None else 1 - SECOND_MASS
        if self.second is not None:
            mass[INDEX[self.second]] += SECOND_MASS
        return mass


class AuthoredText(Reading):
    """A corpus line: a text, its author's reading, and independent readers' where there are any."""

    text: Annotated[str, Field(min_length=1)]
    register_: Register = Field(alias="register")
    readings: list[Reading]

    @property
    def mass(self) -> NDArray[np.float64]:
        """Mean label mass of all readings, the author's included."""
        masses = [super().mass, *(reading.mass for reading in self.readings)]
        return np.asarray(np.mean(masses, axis=0))

    @property
    def majority(self) -> RebracketingType:
        """The type with the most label mass: what a prediction is right or wrong against."""
        return TYPES[int(self.mass.argmax())]

    @property
    def mean_intensity(self) -> float:
        """Mean intensity of all readings."""
        return fmean([self.intensity, *(reading.intensity for reading in self.readings)])

    @property
    def acceptable(self) -> list[RebracketingType]:
        """Every type that the author or a reader named first or second."""
        named = {self.type, self.second}
        for reading in self.readings:
            named |= {reading.type, reading.second}
        return [kind for kind in TYPES if kind in named]

    @property
    def segment(self) -> Segment:
        """Lyrics are sung words, everything else is text."""
        return segment_of(self.text, self.register_)


class LabelledText(Record):
    """A line of an evaluation file: a text with the majority reading of several readers."""

    id: str | None = None
    register_: Register = Field(alias="register")
    text: Annotated[str, Field(min_length=1)]
    type: RebracketingType
    acceptable: Annotated[list[RebracketingType], Field(min_length=1)] | None = None
    intensity: Intensity
    unanimous: bool | None = None

    @property
    def segment(self) -> Segment:
        """Lyrics are sung words, everything else is text."""
        return segment_of(self.text, self.register_)


def segment_of(text: str, register: Register) -> Segment:
    """The segment that a text of a register is."""
    return Segment(lyrics=text) if register == "lyric" else Segment(text=text)


R = TypeVar("R", bound=Record)


def read_jsonl(path: Path, record: type[R]) -> list[R]:
    """Read a data file.

    Raises:
        CorpusError: names the line and the field.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path}: can't be read: {error}") from None
    records: list[R] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            records.append(record.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "line"
            raise CorpusError(f"{path}:{number}: {place}: {first['msg']}") from None
    if not records:
        raise CorpusError(f"{path}: holds no records")
    return records


def part_names() -> list[str]:
    """The corpus parts, each by one author, in order."""
    folder = Path(str(files("rebracket.training"))) / "data"
    names = [path.stem for path in folder.glob("part*.jsonl")]
    return sorted(names, key=lambda name: int(name.removeprefix("part")))


def load_part(name: str) -> list[AuthoredText]:
    """The texts of one part."""
    folder = Path(str(files("rebracket.training"))) / "data"
    return read_jsonl(folder / f"{name}.jsonl", AuthoredText)


def corpus_hash() -> str:
    """SHA-256 over every part, in order."""
    digest = hashlib.sha256()
    for name in part_names():
        for text in load_part(name):
            digest.update(json.dumps(text.model_dump(mode="json"), sort_keys=True).encode())
    return digest.hexdigest()


class Split(Record):
    """Texts by use. Parts never straddle uses, nor do near-duplicate groups."""

    train: list[AuthoredText]
    validation: list[AuthoredText]
    test: list[AuthoredText]


def split_corpus() -> Split:
    """Split by author part; held-out texts with a near-duplicate in training are dropped."""
    parts = {name: load_part(name) for name in part_names()}
    held = {*VALIDATION_PARTS, *TEST_PARTS}
    train = [text for name, texts in parts.items() if name not in held for text in texts]
    validation = [text for name in VALIDATION_PARTS for text in parts[name]]
    test = [text for name in TEST_PARTS for text in parts[name]]
    return Split(
        train=train,
        validation=without_near_duplicates(validation, train),
        test=without_near_duplicates(test, [*train, *validation]),
    )


def without_near_duplicates(
    texts: Sequence[AuthoredText], others: Sequence[AuthoredText]
) -> list[AuthoredText]:
    """The texts whose near-duplicate group has no member among the others."""
    if not texts or not others:
        return list(texts)
    rows = _trigrams([item.text for item in texts])
    other_rows = _trigrams([item.text for item in others])
    near = (rows @ other_rows.T).max(axis=1).toarray().ravel() >= NEAR_DUPLICATE
    groups = _groups(rows)
    taken = {group for group, linked in zip(groups, near, strict=True) if linked}
    return [text for text, group in zip(texts, groups, strict=True) if group not in taken]


def near_duplicate_groups(texts: Sequence[str]) -> list[int]:
    """A group number for each text; texts linked by near-duplication share it."""
    return _groups(_trigrams(texts))


def _groups(rows: Any) -> list[int]:
    """A group number for each row of `_trigrams`."""
    linked = (rows @ rows.T) >= NEAR_DUPLICATE
    _, groups = connected_components(linked, directed=False)
    return [int(group) for group in groups]


def _trigrams(texts: Sequence[str]) -> Any:
    """Word trigrams as sparse unit rows [texts, features]: their products are cosines."""
    vectorizer = HashingVectorizer(
        ngram_range=(3, 3), binary=True, alternate_sign=False, norm="l2", n_features=2**20
    )
    return vectorizer.transform(texts)
