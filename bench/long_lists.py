"""What a list costs by its length: called by long_lists.sh.

    long_lists.py PROGRAM RESULTS.json LARGEST

For lists of 10,000 lines and ten times as many each time, up to LARGEST, generated into a pipe:
  first    milliseconds from the start of the program to its first connection; the rest of the list is never read
  index    reading and naming the whole list (a dry run) with -o {index}: lines a second, peak memory
  name     the same with the default {name}, every name another one
  resume   the list of a run that is done, all of it skipped: lines a second, CPU seconds, peak memory (to a million)
"""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time


def generator(url, count):
    return subprocess.Popen(["seq", "-f", url + "/page-%.0f.html", str(count)], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def first_request(program, count):
    """Milliseconds; the program is stopped once it has connected."""
    with socket.create_server(("127.0.0.1", 0)) as listener, tempfile.TemporaryDirectory() as directory:
        lines = generator(f"http://127.0.0.1:{listener.getsockname()[1]}", count)
        begin = time.monotonic()
        run = subprocess.Popen([program, "get", "-i", "-", "-P", directory, "-q"], stdin=lines.stdout,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connection, _ = listener.accept()
        took = time.monotonic() - begin
        connection.close()
        run.kill()
        run.wait()
        lines.stdout.close()
        lines.wait()
        return took * 1000


def finished(command, **pipes):
    """Seconds, CPU seconds and peak KiB of a command that runs to its end."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **pipes)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command} failed")
    return time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def dry_run(program, count, template):
    lines = generator("http://h.example", count)
    command = [program, "get", "-n", "-q", "-i", "-", "-P", "/nonexistent/overlap", "-o", template]
    seconds, cpu, peak = finished(command, stdin=lines.stdout)
    lines.stdout.close()
    lines.wait()
    return {"lines_per_second": count / seconds, "cpu_us_per_line": cpu / count * 1e6, "peak_kib": peak}


def make_done(program, directory, list_file, count):
    """A run that is done, without fetching: one real row, and as many more like it, with their files."""
    with subprocess.Popen([program, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True) as origin:
        url = origin.stdout.readline().split()[-1]
        with open(list_file, "w", encoding="ascii") as lines:
            lines.write(f"{url}/1\n")
        finished([program, "get", "-i", list_file, "-P", directory, "-o", "{index:08}", "-q"])
        origin.terminate()
    root = os.open(directory, os.O_RDONLY)
    with open(list_file, "a", encoding="ascii") as lines:
        for number in range(2, count + 1):
            lines.write(f"{url}/{number}\n")
            file = os.open(f"{number:08}", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=root)
            os.write(file, b"x")
            os.close(file)
    os.close(root)
    manifest = sqlite3.connect(os.path.join(directory, ".overlap", "manifest.sqlite"))
    columns = [row[1] for row in manifest.execute("PRAGMA table_info(items)")]
    first = dict(zip(columns, manifest.execute("SELECT * FROM items").fetchone()))

    def rows():
        for number in range(2, count + 1):
            row = dict(first, ordinal=number, line=number, url=f"{url}/{number}", final_url=f"{url}/{number}", bytes=1,
                       path=f"{number:08}")
            yield [row[column] for column in columns]

    marks = ", ".join("?" for _ in columns)
    manifest.executemany(f"INSERT INTO items VALUES({marks})", rows())
    manifest.commit()
    manifest.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    manifest.close()


def resume(program, count):
    with tempfile.TemporaryDirectory() as work:
        directory, list_file = os.path.join(work, "saved"), os.path.join(work, "list.txt")
        make_done(program, directory, list_file, count)
        command = [program, "get", "-i", list_file, "-P", directory, "-o", "{index:08}", "-q"]
        seconds, cpu, peak = min(finished(command) for _ in range(3))
        return {"lines_per_second": count / seconds, "cpu_us_per_line": cpu / count * 1e6, "peak_kib": peak}


def main():
    program, results, largest = sys.argv[1], sys.argv[2], int(sys.argv[3])
    found = []
    print(f"{'lines':>11} {'first ms':>9} | {'index/s':>10} {'KiB':>8} | {'name/s':>10} {'KiB':>9} | {'resume/s':>10}"
          f" {'us CPU':>7} {'KiB':>7}")
    count = 10_000
    while count <= largest:
        row = {"lines": count, "first_request_ms": sorted(first_request(program, count) for _ in range(5))[2],
               "index": dry_run(program, count, "{index}"), "name": dry_run(program, count, "{name}")}
        if count <= 1_000_000:
            row["resume"] = resume(program, count)
        found.append(row)
        skipped = row.get("resume")
        text = (f"{skipped['lines_per_second']:10.0f} {skipped['cpu_us_per_line']:7.2f} {skipped['peak_kib']:7}"
                if skipped else f"{'':>10} {'':>7} {'':>7}")
        print(f"{count:11} {row['first_request_ms']:9.1f} | {row['index']['lines_per_second']:10.0f}"
              f" {row['index']['peak_kib']:8} | {row['name']['lines_per_second']:10.0f} {row['name']['peak_kib']:9} |"
              f" {text}", flush=True)
        count *= 10
    with open(results, "w", encoding="ascii") as out:
        json.dump(found, out, indent=2)


main()
