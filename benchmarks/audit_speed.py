"""Speed of the audit against pandera and great_expectations, same rules, one run.

python -m benchmarks.audit_speed [rows]    # needs pandera and great_expectations
python -m benchmarks.audit_speed --large 50000000 FILE.parquet   # lean pass, memory
"""

from __future__ import annotations

import resource
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow.parquet as pq

import campaignkit as ck
from benchmarks.record import record
from campaignkit.auditing import Rule
from campaignkit.inject import STACK_KINDS
from campaignkit.tables import MARKETING_LAWS, AtMost, Needs, NonNegative, synthetic_batches

METRICS = [
    "impressions",
    "clicks",
    "landing_page_views",
    "add_to_cart",
    "purchases",
    "conversions",
    "leads",
    "app_installs",
    "video_plays",
    "video_completions",
    "spend",
]
FILLED = [
    "event_date",
    "campaign_id",
    "ad_creative_id",
    "brand",
    "audience",
    "platform",
    "device",
    "geo",
    *METRICS[:7],
    "spend",
]


FIGURES: dict[str, float] = {}


def timed(name, call, *, repeat=1):
    """CPU seconds of all threads, the best of `repeat`: others may be using the machine too."""
    best = None
    for _ in range(repeat):
        start = time.process_time()
        result = call()
        took = time.process_time() - start
        best = took if best is None else min(best, took)
    FIGURES[f"{name}, cpu_s"] = round(best, 3)
    print(f"{name:58s} {best:8.3f} CPU-s", flush=True)
    return best, result


def with_pandera(frame):
    import pandera.pandas as pa

    checks = []
    for law in MARKETING_LAWS:
        if isinstance(law, AtMost):
            checks.append(pa.Check(lambda d, k=law: ~(d[k.lower] > d[k.upper])))
        elif isinstance(law, Needs):
            checks.append(pa.Check(lambda d, k=law: ~((d[k.column] > 0) & (d[k.needed] == 0))))
    columns = {}
    for name in frame.columns:
        own = [pa.Check.ge(0)] if name in METRICS else []
        if name in ("brand", "audience", "platform", "device", "geo"):
            own.append(pa.Check.isin(sorted(frame[name].unique())))
        columns[name] = pa.Column(None, checks=own, nullable=name not in FILLED)
    schema = pa.DataFrameSchema(columns, checks=checks, unique=list(frame.columns))
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as err:
        return len(err.failure_cases)
    return 0


def with_great_expectations(frame):
    import great_expectations as gx
    import great_expectations.expectations as gxe

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("p")
        .add_dataframe_asset("a")
        .add_batch_definition_whole_dataframe("b")
    )
    expectations = [gxe.ExpectColumnValuesToNotBeNull(column=c) for c in FILLED]
    expectations += [gxe.ExpectColumnValuesToBeBetween(column=c, min_value=0) for c in METRICS]
    for law in MARKETING_LAWS:
        if isinstance(law, AtMost):
            expectations.append(
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A=law.upper,
                    column_B=law.lower,
                    or_equal=True,
                    ignore_row_if="either_value_is_missing",
                )
            )
    for name in ("brand", "audience", "platform", "device", "geo"):
        values = sorted(frame[name].unique())
        expectations.append(gxe.ExpectColumnValuesToBeInSet(column=name, value_set=values))
    expectations.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=list(frame.columns)))
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=expectations))
    definition = gx.ValidationDefinition(data=batch, suite=suite, name="v")
    context.validation_definitions.add(definition)
    return definition.run(batch_parameters={"dataframe": frame}).success


def equal_rules(mined):
    """What the two others are given: laws, signs, filled columns, categories, uniqueness."""
    out = []
    for law in MARKETING_LAWS:
        form = {AtMost: "at_most", Needs: "needs", NonNegative: "non_negative"}[type(law)]
        out.append(Rule(f"{form}:{','.join(law.columns)}", form, law.kind, law.columns))
    out += [Rule(f"not_null:{c}", "not_null", "missing_values", (c,)) for c in FILLED]
    out += [r for r in mined if r.form == "categories"]
    return [*out, Rule("unique", "unique", "duplicate_rows", ())]


def small(rows: int) -> None:
    warnings.simplefilter("ignore")
    _, table = timed("generate", lambda: ck.synthetic_table(rows, seed=1))
    texts = [c for c in table.column_names if c != "event_date" and c not in METRICS]
    # What a text column is made of decides who pays for reading it: pandas 3 makes Arrow strings.
    frame = table.to_pandas().astype(dict.fromkeys(texts, object))
    _, rules = timed("mine rules from history", lambda: ck.mine_rules(table))
    with TemporaryDirectory() as folder:
        path = Path(folder, "t.parquet")
        pq.write_table(table, path)
        sums = ", ".join(f"sum({m})" for m in METRICS)
        bare, _ = timed(
            "bare scan: sum of all metrics",
            lambda: duckdb.sql(f"SELECT {sums} FROM '{path}'").fetchall(),
            repeat=3,
        )
        same_rules = equal_rules(rules)
        same, _ = timed(
            "audit, Parquet, the same rules and duplicates",
            lambda: ck.audit(path, same_rules, pack=False),
            repeat=3,
        )
        held, _ = timed(
            "audit, pandas frame, the same rules and duplicates",
            lambda: ck.audit(frame, same_rules, pack=False),
            repeat=3,
        )
        plain, _ = timed(
            "audit, Parquet, the same rules, without duplicates",
            lambda: ck.audit(path, same_rules, pack=False, duplicates=False),
            repeat=3,
        )
        print(f"the same rules without duplicates: {plain / bare:.1f} x bare scan")
        full, _ = timed(
            "audit, Parquet, all checks, history and duplicates",
            lambda: ck.audit(path, rules),
            repeat=3,
        )
        inmem, _ = timed(
            "audit, pandas frame, all checks, history and duplicates",
            lambda: ck.audit(frame, rules),
            repeat=2,
        )
        lean, report = timed(
            "audit, Parquet, pack, without duplicates",
            lambda: ck.audit(path, duplicates=False),
            repeat=3,
        )
        print({k: round(v, 3) for k, v in report.seconds.items()}, "x bare", round(lean / bare, 2))
    timed(
        "inject all 11 kinds, truth included",
        lambda: ck.ErrorInjector(list(STACK_KINDS), rate=0.05).inject(table),
    )
    arrow = frame.astype(dict.fromkeys(texts, "string[pyarrow]"))
    held_arrow, _ = timed(
        "audit, pandas frame of Arrow strings, the same rules and duplicates",
        lambda: ck.audit(arrow, same_rules, pack=False),
        repeat=3,
    )
    try:
        pandera, _ = timed("pandera", lambda: with_pandera(frame), repeat=2)
        pandera_arrow, _ = timed("pandera, Arrow strings", lambda: with_pandera(arrow), repeat=2)
        with TemporaryDirectory() as folder:
            path = Path(folder, "t.parquet")
            pq.write_table(table, path)
            from_file, _ = timed(
                "pandera, Parquet read to Arrow strings",
                lambda: with_pandera(
                    pq.read_table(path).to_pandas().astype(dict.fromkeys(texts, "string[pyarrow]"))
                ),
            )
        great, _ = timed("great_expectations", lambda: with_great_expectations(frame))
    except ImportError as err:
        print(f"not compared: {err}")
        return
    for name, took in (
        ("parquet, same rules", same),
        ("pandas, same rules", held),
        ("parquet, everything", full),
        ("pandas, everything", inmem),
    ):
        FIGURES[f"{name}: pandera / audit"] = round(pandera / took, 1)
        FIGURES[f"{name}: great_expectations / audit"] = round(great / took, 1)
    FIGURES["Arrow strings, same rules: pandera / audit"] = round(pandera_arrow / held_arrow, 1)
    FIGURES["parquet, reading on both sides: pandera / audit"] = round(from_file / same, 1)
    FIGURES["same rules without duplicates / bare scan"] = round(plain / bare, 1)
    FIGURES["whole pack without duplicates / bare scan"] = round(lean / bare, 1)
    for name, value in FIGURES.items():
        print(name, value)
    record("audit_speed", {"rows": rows, **FIGURES}, about=__doc__.split("\n", maxsplit=1)[0])


def large(rows: int, path: Path) -> None:
    if not path.exists():
        writer = None
        for batch in synthetic_batches(rows, seed=1):
            writer = writer or pq.ParquetWriter(path, batch.schema)
            writer.write_batch(batch)
        writer.close()
        print("written; run again for memory apart from writing")
        return
    took, report = timed(
        f"audit, {rows:,} rows, lean, memory_mb=200",
        lambda: ck.audit(path, duplicates=False, memory_mb=200, threads=2),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        report.num_rows,
        [f.kind for f in report.findings],
        f"{peak:.0f} MB peak,",
        f"{took / report.num_rows * 1e6:.3f} us a row",
        dict(report.seconds),
    )


def main() -> None:
    small(1_000_000)


if __name__ == "__main__":
    if "--large" in sys.argv:
        large(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        small(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
