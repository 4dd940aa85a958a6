"""The door of the package: a problem in, a checked plan out."""

from __future__ import annotations

from app.scheduling.check import check
from app.scheduling.explain import explain
from app.scheduling.greedy import assign
from app.scheduling.improve import improve
from app.scheduling.model import Params, Plan, Problem
from app.scheduling.seating import number_seats


def solve(problem: Problem, params: Params | None = None) -> Plan:
    """Seat as many as possible; the same problem in any order gives the same plan (R85-R92)."""
    rules, ordered = params or Params(), problem.canonical()
    board = assign(ordered, rules)
    improve(board, rules)
    seats = number_seats(ordered, board.opened)
    plan = Plan(seats, explain(ordered, rules, seats))
    violations = check(ordered, plan, rules)
    if violations:  # a fault of ours, not of the input: nothing may be saved
        raise AssertionError(f"the plan breaks {len(violations)} rules, first {violations[0]}")
    return plan
