"""Factors: how a value becomes 0 to 1."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from program.factor import Factor


def a_factor(scale: str = "linear", **more: Any) -> Factor:
    return Factor.model_validate(
        {"id": "a", "title": "A factor", "weight": 40, "fact": "won_revenue", "scale": scale, **more}
    )


@pytest.mark.parametrize(
    ("scale", "value", "share"),
    [
        ("linear", 0, 0),
        ("linear", 1000, 0),
        ("linear", 50500, 0.5),
        ("linear", 100_000, 1),
        ("linear", 10**9, 1),
        ("logarithm", 999, 0),
        ("logarithm", 1000, 0),
        ("logarithm", 10_000, 0.5),  # from a thousand to a hundred thousand, ten thousand is half the way
        ("logarithm", 100_000, 1),
        ("logarithm", 10**9, 1),
    ],
)
def test_a_value_goes_from_the_floor_to_the_target_and_not_beyond(scale: str, value: int, share: float) -> None:
    factor = a_factor(scale, floor=1000, target=100_000)
    assert round(factor.share(Decimal(value)), 20) == Fraction(share)


@given(st.sampled_from(["linear", "logarithm"]), st.fractions(0, 1), st.integers(1, 100), st.integers(1, 10**6))
def test_the_value_that_reaches_a_share_does_and_a_cent_less_does_not(
    scale: str, share: Fraction, floor: int, more: int
) -> None:
    factor = a_factor(scale, floor=floor, target=floor + more)
    least = factor.reaching(share)
    assert least is not None
    close = Fraction(1, 10**20)
    assert factor.share(least) >= share - close
    assert share == 0 or factor.share(least - Decimal("0.01")) < share + close
    assert factor.reaching(Fraction(11, 10)) is None
