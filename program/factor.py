"""Factors: how each thing that predicts return becomes 0 to 1, exactly (a logarithm to 28 digits).

A fraction is a pair of whole numbers, which is five times as quick as one that is always in lowest terms.
"""

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, model_validator

from program.errors import Misfits
from program.scorecard import Identifier, Percent

Parts = tuple[int, int]
"""Numerator and denominator of a number that is not negative."""

ZERO: Final = (0, 1)
ONE: Final = (1, 1)


class Axis(StrEnum):
    """What a factor speaks of; the two are never mixed but in the one number."""

    PERFORMANCE = "performance"
    """What was measured."""
    POTENTIAL = "potential"
    """What was rated by a rubric."""


class Scale(StrEnum):
    """How a value becomes 0 to 1."""

    LINEAR = "linear"
    """The way it goes from the floor to the target."""
    LOGARITHM = "logarithm"
    """The same in orders of magnitude: every doubling counts alike, up to the target."""
    PERCENTILE = "percentile"
    """The share of the segment's others that it is ahead of; who is level counts half."""


class Factor(BaseModel):
    """One thing that predicts return, and how its value becomes 0 to 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Identifier
    title: str
    weight: Percent
    fact: Identifier
    axis: Axis = Axis.PERFORMANCE
    scale: Scale = Scale.LINEAR
    floor: Decimal = Decimal(0)
    target: Decimal | None = None

    @model_validator(mode="after")
    def _reckonable(self) -> Self:
        if self.scale is Scale.PERCENTILE:
            if self.target is not None or self.floor:
                said = f"{self.id} is compared with the segment, which is its floor and its target; remove both"
                raise Misfits([(("target",), said)])
            return self
        if self.target is None:
            raise Misfits([((), f"{self.id} says no target; write one, or `scale: percentile`")])
        if self.target <= self.floor:
            said = f"the target of {self.id}, {self.target}, has to lie above its floor, {self.floor}"
            raise Misfits([(("target",), said)])
        if self.scale is Scale.LOGARITHM and self.floor <= 0:
            said = f"the floor of {self.id}, {self.floor}, has to lie above 0: a logarithm counts doublings from it"
            raise Misfits([(("floor",), said)])
        return self

    @cached_property
    def _way(self) -> tuple[int, int, int]:
        """The floor and the way from it to the target, both as how many of a unit, and how many of that are one."""
        assert self.target is not None
        floor, way = Fraction(self.floor), Fraction(self.target) - Fraction(self.floor)
        units = floor.denominator * way.denominator
        return int(floor * units), int(way * units), units

    @cached_property
    def _orders(self) -> Decimal:
        """The way from the floor to the target in orders of magnitude."""
        assert self.target is not None
        return (self.target / self.floor).ln()

    def share(self, value: Decimal) -> Fraction:
        """How much of the way from the floor to the target a value goes, from 0 to 1. Not of a percentile."""
        return Fraction(*self.parts(value))

    def parts(self, value: Decimal) -> Parts:
        """The same as a pair."""
        assert self.target is not None
        if value <= self.floor:
            return ZERO
        if value >= self.target:
            return ONE
        if self.scale is Scale.LOGARITHM:
            return ((value / self.floor).ln() / self._orders).as_integer_ratio()
        floor, way, units = self._way
        numerator, denominator = value.as_integer_ratio()
        return numerator * units - floor * denominator, denominator * way

    def reaching(self, share: Fraction) -> Decimal | None:
        """The least value, to two places, that goes so much of the way; None where none does, or of a percentile."""
        if self.target is None or share > 1:
            return None
        if self.scale is Scale.LOGARITHM:
            exponent = Decimal(share.numerator) / Decimal(share.denominator) * self._orders
            least = Fraction(self.floor * exponent.exp())
        else:
            floor, way, units = self._way
            least = (floor + share * way) / units
        return min(Decimal(-((-least * 100) // 1)) / 100, self.target)
