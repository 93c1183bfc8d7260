import numpy as np
import pytest

from rebracket.generation.wording.expansion import capitalized, expand


def test_each_alternative_is_drawn_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    drawn = {expand("the <cat/old dog> of the <sea/hill>", rng) for _ in range(60)}
    assert drawn == {f"the {a} of the {b}" for a in ("cat", "old dog") for b in ("sea", "hill")}


def test_a_line_without_alternatives_stays() -> None:
    assert expand("[keep out] the back", np.random.default_rng(0)) == "[keep out] the back"


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("a sea", "A sea"),
        ("[a sea] bed", "[A sea] bed"),
        ("Ida", "Ida"),
        ("émigré", "Émigré"),
        ("", ""),
    ],
)
def test_the_first_letter_is_made_large(line: str, text: str) -> None:
    assert capitalized(line) == text
