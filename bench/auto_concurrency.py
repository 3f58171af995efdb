"""auto_concurrency.py: the work of auto_concurrency.sh."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile

# Places and latency: slow enough that neither program is short of CPU.
KNEES = [(8, 0.020), (64, 0.020), (512, 0.100)]
FIXED = [4, 8, 16, 32, 64, 128, 256, 512, 768, 1024]
MARK = 0.9
# A fixed number has nothing to search: half of the time shows its rate.
SHARE_OF_FIXED = 0.5


class Origin:
    def __init__(self, program, places, latency):
        command = [program, "serve", "--latency", f"{latency}s", "--at-once", str(places)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def write_list(path, url, count):
    with open(path, "w") as file:
        file.writelines(f"{url}/bytes/1000?{i}\n" for i in range(count))


def fetch(program, path, flags):
    command = [program, "get", "-i", path, "--to", "null", "--progress", "none", "--json", *flags]
    summary = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    if summary["ok"] != summary["items"]:
        sys.exit(f"auto_concurrency: {' '.join(flags)}: {summary}")
    return summary


def measure(options, work, places, latency):
    """Items a second by number, and the summaries of auto."""
    rates = {number: [] for number in FIXED}
    found = []
    with Origin(options.program, places, latency) as origin:
        for _ in range(options.repeat):
            for number in FIXED:
                count = min(number, places) / latency * options.seconds * SHARE_OF_FIXED
                write_list(f"{work}/list", origin.url, int(count))
                flags = ["-j", str(number), "--max-per-host", str(number)]
                summary = fetch(options.program, f"{work}/list", flags)
                rates[number].append(summary["ok"] / summary["seconds"])
            write_list(f"{work}/list", origin.url, int(places / latency * options.seconds))
            found.append(fetch(options.program, f"{work}/list", ["-j", "auto"]))
    return rates, found


def report(places, latency, rates, found):
    medians = {number: statistics.median(values) for number, values in rates.items()}
    best = max(medians, key=medians.get)
    auto = statistics.median(one["ok"] / one["seconds"] for one in found)
    searches = [one["search_seconds"] for one in found if one["search_seconds"] is not None]
    row = {
        "knee": places,
        "latency_ms": latency * 1000,
        "fixed": {str(number): round(rate, 1) for number, rate in medians.items()},
        "best_fixed": best,
        "auto": round(auto, 1),
        "ratio": round(auto / medians[best], 3),
        "found": statistics.median(one["concurrency_found"] for one in found),
        "most": max(one["concurrency_most"] for one in found),
        "search_seconds": round(statistics.median(searches), 2) if searches else None,
        "seconds": round(statistics.median(one["seconds"] for one in found), 1),
    }
    print(f"knee at {places}, {latency * 1000:.0f} ms: {places / latency:.0f} items/s at best")
    for number, rate in medians.items():
        print(f"  -j {number:<6} {rate:10.0f} items/s{'   best' if number == best else ''}")
    print(
        f"  -j auto   {auto:10.0f} items/s   {row['ratio']:.3f} of the best; found {row['found']:.0f}"
        f" (at most {row['most']}), search {row['search_seconds']} s of {row['seconds']} s"
    )
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("json")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for places, latency in KNEES:
            rates, found = measure(options, work, places, latency)
            rows.append(report(places, latency, rates, found))
    with open(options.json, "w") as file:
        json.dump({"mark": MARK, "knees": rows}, file, indent=1)
    if missed := [row["knee"] for row in rows if row["ratio"] < MARK]:
        sys.exit(f"below {MARK} of the best fixed number: knees {missed}")


main()
