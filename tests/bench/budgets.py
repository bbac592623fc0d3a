"""Budgets: upper bounds, in budgets.toml, for figures that are exact or nearly so."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from figures import Figure, number

FILE = Path(__file__).with_name("budgets.toml")
TOLERANCE = 0.03
HEAD = """\
# The budgets of ./mote bench. ./mote bench --check fails when a figure is more than 3 % above its
# budget, and says so when one is more than 3 % below; ./mote bench --lower then writes it here.
"""


@dataclass(frozen=True)
class Verdict:
    """How some figures compare with the budgets."""

    above: dict[str, str]  # the message, by the figure's key
    below: dict[str, float]  # the figure, by its key
    missing: list[str]  # budgets without a figure, figures without a budget

    @property
    def holds(self) -> bool:
        return not self.above and not self.missing


def read(path: Path = FILE) -> dict[str, float]:
    return tomllib.loads(path.read_text())["budget"] if path.exists() else {}


def judge(figures: Iterable[Figure], budgets: dict[str, float]) -> Verdict:
    by_key = {figure.key: figure for figure in figures}
    above, below, missing = {}, {}, []
    for key, budget in budgets.items():
        figure = by_key.get(key)
        if figure is None or figure.value is None:
            missing.append(f"{key}: {figure.note if figure else 'was not measured'}")
        elif figure.value > budget * (1 + TOLERANCE):
            above[key] = (f"{figure.title}: {number(figure.value)} {figure.unit}, "
                          f"{percent(figure.value, budget)} above the budget of {number(budget)}")
        elif figure.value < budget * (1 - TOLERANCE):
            below[key] = figure.value
    missing += [f"{key}: has no budget; --lower gives it one" for key in by_key
                if key not in budgets]
    return Verdict(above, below, missing)


def percent(value: float, budget: float) -> str:
    return f"{abs(value / budget - 1) * 100:.1f} %"


def lowered(figures: Iterable[Figure], budgets: dict[str, float]) -> dict[str, float]:
    """The budgets, lowered to the figures that fell by more than the tolerance, with new figures
    added. None is ever raised: that is for someone who can give a reason."""
    new = dict(budgets)
    for figure in figures:
        if figure.value is not None and (figure.key not in budgets or
                                         figure.value < budgets[figure.key] * (1 - TOLERANCE)):
            new[figure.key] = figure.value
    return new


def text_of(budgets: dict[str, float]) -> str:
    """The text of budgets.toml; whole numbers, since a fraction of an instruction means nothing."""
    lines = [f"{key} = {round(value)}" for key, value in budgets.items()]
    return "\n".join([HEAD, "[budget]", *lines]) + "\n"
