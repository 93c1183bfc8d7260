from rebracket.taxonomy import INDEX, TYPES


def test_the_order_of_types_is_fixed() -> None:
    assert TYPES == (
        "spatial",
        "temporal",
        "causal",
        "perceptual",
        "memory",
        "ontological",
        "narrative",
        "identity",
    )


def test_index_inverts_types() -> None:
    assert [INDEX[kind] for kind in TYPES] == list(range(8))
