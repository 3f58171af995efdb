"""fetching.py: the work of fetching.sh. Prints `SERIES NUMBER` for each sample."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time

SMALL = 20_000
TLS = 500
FLIGHTS = 10_000


def sample(series, value):
    print(series, value, flush=True)


class Bench:
    def __init__(self, options):
        self.options = options

    def write_list(self, name, urls):
        path = f"{self.options.work}/{name}.txt"
        with open(path, "w") as file:
            file.writelines(url + "\n" for url in urls)
        return path

    def run(self, command, may_fail=False):
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        if status != 0 and not may_fail:
            sys.exit(f"fetching: {' '.join(command[:8])} ... ended with status {status}")
        return time.perf_counter() - begin, used, out.decode()

    def get(self, *flags, may_fail=False):
        return self.run([self.options.program, "get", "--progress", "none", "--json", *flags], may_fail)

    def latency(self):
        """Ideal: as many rounds of the latency as requests come after one another."""
        for name, urls, flags, ideal in [
            ("latency", [f"{self.options.slow}/bytes/100?{i}" for i in range(2000)], ["-j", "64", "--max-per-host", "64"],
             2000 / 64 * 0.05),
            ("hosts", [f"http://h{i % 3}.test:{self.options.slow.rsplit(':', 1)[1]}/bytes/100?{i}" for i in range(600)],
             ["--resolve", f"*:{self.options.slow.rsplit(':', 1)[1]}:127.0.0.1"], 600 / 18 * 0.05),
        ]:
            _, _, out = self.get("--to", "null", "-i", self.write_list(name, urls), *flags)
            summary = json.loads(out)
            if summary["ok"] != len(urls):
                sys.exit(f"fetching: {name}: {summary}")
            sample(f"{name}:overlap", summary["seconds"])
            sample(f"{name}:ideal", ideal)

    def mixed(self):
        """Small JSON, one page of 2 to 60 KiB in ten, 200 KB once in two hundred; from eight hosts in turn, saved."""
        def path(i):
            return f"bytes/200000?{i}" if i % 200 == 0 else f"site/page-{i}.html" if i % 10 == 1 else f"json/{i}"

        port, count, shared = self.options.slow.rsplit(":", 1)[1], self.options.mixed, 32
        urls = (f"http://h{i % 8}.test:{port}/{path(i)}" for i in range(count))
        shutil.rmtree(self.options.out, ignore_errors=True)
        _, used, out = self.get("-P", self.options.out, "-o", "{index:08}", "-i", self.write_list("mixed", urls), "-j",
                                str(8 * shared), "--max-per-host", str(shared), "--resolve", f"*:{port}:127.0.0.1")
        summary = json.loads(out)
        if summary["ok"] != count:
            sys.exit(f"fetching: mixed: {summary}")
        sample("mixed:overlap", summary["seconds"])
        sample("mixed:ideal", count / (8 * shared) * 0.05)
        sample("mixed:overlap:cpu", (used.ru_utime + used.ru_stime) * 1e6 / count)
        sample("mixed:overlap:kib", used.ru_maxrss)
        shutil.rmtree(self.options.out)

    def large(self):
        out = self.options.out
        for client in ("overlap", "curl"):
            shutil.rmtree(out, ignore_errors=True)
            os.makedirs(out)
            url = f"{self.options.plain}/large"
            if client == "overlap":
                seconds, used, _ = self.get("-P", out, url)
                sample("large:overlap:kib", used.ru_maxrss)
            else:
                seconds, used, _ = self.run(["curl", "-s", "-o", f"{out}/large", url])
            if os.path.getsize(f"{out}/large") != 1 << 30:
                sys.exit(f"fetching: {client} saved another size")
            sample(f"large:{client}", seconds)
        shutil.rmtree(out)
        _, used, _ = self.get("-P", out, f"{self.options.plain}/small")
        sample("small:overlap:kib", used.ru_maxrss)

    def tls(self):
        urls = self.write_list("tls", [f"{self.options.tls}/small?{i}" for i in range(TLS)])
        cert = f"{self.options.work}/cert"
        _, used, _ = self.get("--to", "null", "-i", urls, "--cacert", cert, "--http1.1", "-j", "16", "--max-per-host", "16")
        ours = (used.ru_utime + used.ru_stime) * 1e6 / TLS
        host = self.options.tls.removeprefix("https://")
        _, used, out = self.run(["openssl", "s_time", "-connect", host, "-new", "-time", "2", "-CAfile", cert])
        count = int(re.search(r"(\d+) connections in .*real", out).group(1))
        theirs = (used.ru_utime + used.ru_stime) * 1e6 / count
        sample("tls:overlap:cpu", ours)
        sample("tls:openssl:cpu", theirs)
        sample("tls:above", max(ours - theirs, 0))

    def flights(self):
        urls = self.write_list("flights", [f"{self.options.slow}/fault/hang?{i}" for i in range(FLIGHTS)])
        sizes = []
        for at_once in (100, FLIGHTS):
            flags = ["-j", str(at_once), "--max-per-host", str(at_once), "--retry", "0", "--max-time", "4s", "--fail-early", "-q"]
            _, used, _ = self.get("--to", "null", "-i", urls, *flags, may_fail=True)
            sizes.append(used.ru_maxrss)
        sample("flight:kib", (sizes[1] - sizes[0]) / (FLIGHTS - 100))

    def small(self):
        urls = self.write_list("small", [f"{self.options.plain}/small?{i}" for i in range(SMALL)])
        seconds, _, _ = self.get("--to", "null", "-i", urls, "-j", "64", "--max-per-host", "64")
        sample("small:overlap", seconds * 1e6 / SMALL)
        _, _, out = self.run(["wrk", "-t1", "-c64", "-d2s", f"{self.options.plain}/small"])
        sample("small:wrk", 1e6 / float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)))


def main():
    parser = argparse.ArgumentParser()
    for name in ("program", "work", "out", "plain", "tls", "slow"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--mixed", type=int, required=True)
    bench = Bench(parser.parse_args())
    for _ in range(bench.options.rounds):
        for part in (bench.latency, bench.mixed, bench.large, bench.tls, bench.flights, bench.small):
            part()


main()
