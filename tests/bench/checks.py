"""Measures the figures that have a budget, and compares them with it."""

from collections.abc import Iterable, Iterator, Sequence

import boots
import budgets
import figures
import sizes
import works
from figures import Figure
from world import World

WORKS = ("get_64", "get_each", "get_304", "get_404", "mebibyte", "ping_56")
BOOTS = {"boot_q35_pvh_ready": ("q35", "pvh"), "boot_q35_pvh_own": ("q35", "pvh"),
         "boot_pc_bios_ready": ("pc", "bios")}
MEMORY = ("memory_pc_pvh", "memory_pc_bios")
SIZES = ("image_software", "static_memory")
CHECKED = (*WORKS, *BOOTS, *MEMORY, *SIZES)
REPEAT = 5


def gather(rows: Iterable[Figure]) -> list[Figure]:
    """Collects the rows as they come, and prints each under its section."""
    found: list[Figure] = []
    for figure in rows:
        if not found or found[-1].section != figure.section:
            print(f"\n{figure.section}" if found else figure.section)
        print(figures.row(figure), flush=True)
        found.append(figure)
    return found


def measured(world: World, keys: Sequence[str]) -> Iterator[Figure]:
    """Yields the figures with these keys."""
    if some := [works.BY_KEY[key] for key in keys if key in WORKS]:
        yield from works.instruction_figures(world, REPEAT, some)
    ways = dict.fromkeys(BOOTS[key] for key in keys if key in BOOTS)
    rest: list[Iterator[Figure]] = [boots.boot_instructions(world, REPEAT, (way,)) for way in ways]
    if any(key in MEMORY for key in keys):
        rest.append(boots.smallest_memory(world))
    rest.append(sizes.size_figures())
    for figure in (figure for rows in rest for figure in rows):
        if figure.key in keys:
            yield figure


def measure_fairly(world: World, limits: dict[str, float]) -> list[Figure]:
    """Measures a figure above its budget once more, and takes the lower one: chance strikes once, a
    regression each time."""
    found = {figure.key: figure for figure in gather(measured(world, list(CHECKED)))}
    above = list(budgets.judge(found.values(), limits).above)
    if above:
        print("\nabove its budget, so once more:")
        for figure in gather(measured(world, above)):
            before = found[figure.key].value
            if figure.value is not None and before is not None and figure.value < before:
                found[figure.key] = figure
    return list(found.values())


def check(world: World, lower: bool) -> bool:
    """Checks figures against their budgets; true if all are within."""
    limits = budgets.read()
    found = measure_fairly(world, limits)
    print()
    if lower:
        new = budgets.lowered(found, limits)
        budgets.FILE.write_text(budgets.text_of(new))
        written = [key for key in new if new[key] != limits.get(key)]
        print(f"budgets written: {', '.join(written) or 'none'}")
        limits = new
    verdict = budgets.judge(found, limits)
    for line in (*verdict.above.values(), *verdict.missing):
        print(f"over budget: {line}")
    for key, value in verdict.below.items():
        print(f"under budget: {key} is {figures.number(value)}, "
              f"{budgets.percent(value, limits[key])} below: ./mote bench --lower")
    print("budgets: " + ("kept" if verdict.holds else "not kept"))
    return verdict.holds
