"""How numbers are written where people outside read them."""

from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from program.factor import Factor
from program.figures import instead
from program.score import averting


@given(
    st.decimals("0.0001", 1, places=6), st.decimals(0, 1, places=4), st.integers(1, 100), st.decimals(0, 50, places=4)
)
def test_a_partner_that_reaches_the_percentage_it_was_told_has_the_points(
    target: Decimal, known: Decimal, weight: int, short: Decimal
) -> None:
    factor = Factor(id="a", title="Win rate", weight=weight, fact="win_rate", target=target)
    found = averting([factor], {"win_rate": known}, short)
    assume(found)
    told, now = instead("win_rate", found[0][1], known).split(" instead of ")
    reached = Decimal(told.removesuffix(" %")) / 100
    assert weight * (factor.share(reached) - factor.share(known)) >= short
    assert now != told
    assert Decimal(now.removesuffix(" %")) / 100 == known


def test_what_is_no_percentage_is_written_as_it_is() -> None:
    assert instead("won_revenue", Decimal(120000), Decimal("9500.50")) == "120,000 instead of 9,500.5"
    assert instead("win_rate", Decimal("0.33333"), Decimal("0.2857")) == "33.34 % instead of 28.57 %"
