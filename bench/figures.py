"""A figure, its bound, and what it was measured beside."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """`sense` says on which side of the bound it holds."""

    name: str
    value: float
    unit: str
    bound: float
    sense: Literal["most", "least"]
    beside: str

    @property
    def holds(self) -> bool:
        return self.value <= self.bound if self.sense == "most" else self.value >= self.bound

    def as_json(self) -> str:
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 3),
                "unit": self.unit,
                "bound": self.bound,
                "holds": self.holds,
                "beside": self.beside,
            },
            ensure_ascii=False,
        )


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turn(works: dict[str, Callable[[], object]], rounds: int = 15) -> dict[str, float]:
    """The median seconds of each, taken in turn so that a drift of the machine meets all alike; one warm-up round."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            spent = seconds(work)
            if number:
                taken[name].append(spent)
    return {name: median(values) for name, values in taken.items()}
