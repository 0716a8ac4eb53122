import operator
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value and what it has to reach: at most the goal, or at least it."""

    name: str
    value: float
    unit: str
    goal: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return (operator.ge if self.at_least else operator.le)(self.value, self.goal)

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "ok" if self.met else "missed"
        return f"{self.name} {self.value:.2f} {self.unit} {sign}{self.goal:g} {verdict}"
