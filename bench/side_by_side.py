"""side_by_side.py ROWS JSON SAMPLES...: prints what was measured, ours beside the rivals', and writes it as JSON.

SAMPLES is what a Google Benchmark program wrote (.json), or has a line for each sample, `SERIES NUMBER`; either way, what
is compared was taken in turn and as often. A series of Google Benchmark is named as its benchmark (`many_tbb/workers:2`),
in nanoseconds an item or an iteration, and there is one for each of its counters (`sleeping_tasks/100000:bytes_a_task`).

ROWS has a line for each row of the table; all figures are times and sizes, the smaller the better:

    TITLE | UNIT | OUR SERIES | RIVAL | ITS SERIES | MARK

RIVAL is its name; without one both fields are `-`. MARK is `-` or one of

    >=5x     at least five times as fast, as small, as the rival
    <=2x     at most twice the rival's
    <=160    at most 160 UNITs

What Google Benchmark gives in nanoseconds is converted to UNIT. A figure is the median of its series, a ratio that of two
figures.
"""

import json
import sys
from statistics import median

NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
NOT_IN_A_NAME = ("process_time", "real_time", "iterations:", "min_time:", "repeats:")


def read_google_benchmark(path, series):
    with open(path) as file:
        runs = json.load(file)["benchmarks"]
    for run in sorted(runs, key=lambda run: run.get("repetition_index", 0)):
        if run["run_type"] != "iteration":
            continue
        if run.get("error_occurred"):
            sys.exit(f"side_by_side: {run['name']}: {run['error_message']}")
        name = "/".join(part for part in run["run_name"].split("/") if not part.startswith(NOT_IN_A_NAME))
        nanoseconds = run["real_time"] * NANOSECONDS[run["time_unit"]]
        if "items_per_second" in run:
            nanoseconds = 1e9 / run["items_per_second"]
        series.setdefault(name, []).append((nanoseconds, "ns"))
        for counter, value in run.items():
            if isinstance(value, (int, float)):
                series.setdefault(f"{name}:{counter}", []).append((value, None))


def read_lines(path, series):
    with open(path) as lines:
        for line in lines:
            name, value = line.split()
            series.setdefault(name, []).append((float(value), None))


def read_samples(paths):
    series = {}
    for path in paths:
        (read_google_benchmark if path.endswith(".json") else read_lines)(path, series)
    return series


def in_unit(samples, unit):
    return [value / NANOSECONDS[unit] if given == "ns" else value for value, given in samples]


def in_words(ratio, mark):
    """How the rival's figure compares with ours, in the direction in which the mark is put."""
    if ratio >= 1 and not (mark.startswith("<=") and mark.endswith("x")):
        return f"{ratio:.3g} x better"
    return f"{1 / ratio:.3g} x its"


def is_met(mark, ours, ratio):
    bound = float(mark[2:].rstrip("x"))
    if not mark.endswith("x"):
        return ours <= bound
    return ratio >= bound if mark.startswith(">=") else 1 / ratio <= bound


def compare(row, series):
    title, unit, ours, rival, theirs, mark = (field.strip() for field in row.split("|"))
    for name in (ours, theirs):
        if name != "-" and name not in series:
            sys.exit(f"side_by_side: '{title}': nothing was measured as {name}")
    mine = in_unit(series[ours], unit)
    result = {"title": title, "unit": unit, "ours": median(mine), "samples": mine}
    ratio = None
    if rival != "-":
        its = in_unit(series[theirs], unit)
        if len(its) != len(mine):
            sys.exit(f"side_by_side: {len(mine)} samples of {ours}, {len(its)} of {theirs}")
        ratio = median(its) / median(mine)
        result |= {"rival": rival, "its": median(its), "its_samples": its, "its_to_ours": ratio, "ratio": in_words(ratio, mark)}
    if mark != "-":
        result |= {"mark": mark, "met": is_met(mark, result["ours"], ratio)}
    return result


def figure(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def print_table(results):
    table = [("", "ours", "unit", "rival", "its", "ratio", "mark", "met")]
    for r in results:
        its = figure(r["its"]) if "its" in r else ""
        met = {True: "yes", False: "NO", None: ""}[r.get("met")]
        table.append((r["title"], figure(r["ours"]), r["unit"], r.get("rival", ""), its, r.get("ratio", ""), r.get("mark", ""), met))
    widths = [max(map(len, column)) for column in zip(*table)]
    numbers = (1, 4, 5)
    for line in table:
        cells = (c.rjust(w) if i in numbers else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths)))
        print("  ".join(cells).rstrip())


def main():
    rows, output, *samples = sys.argv[1:]
    series = read_samples(samples)
    with open(rows) as lines:
        results = [compare(line, series) for line in lines if line.strip()]
    print_table(results)
    with open(output, "w") as file:
        json.dump(results, file, indent=1)


if __name__ == "__main__":
    main()
