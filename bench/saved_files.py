"""saved_files.py prepare|measure ...: the work of saved_files.sh.

prepare DIR FILES SIZE   what nginx serves: 1000 files a directory
measure ...              every client in turn; prints `PLACE:CLIENT US` and `PLACE:CLIENT:cpu US` for each round
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

AT_ONCE = 64
SLOW_SHARE = 10  # slow clients get one of so many files


def path_of(index):
    return f"d{index // 1000}/f{index}"


def prepare(root, files, size):
    for index in range(files):
        if index % 1000 == 0:
            os.makedirs(f"{root}/d{index // 1000}")
        with open(f"{root}/{path_of(index)}", "wb") as file:
            file.write((f"{index} " * (size // 2 + 1))[:size].encode())


AIOHTTP = """
import asyncio, os, sys, aiohttp
async def main(listed, directory, at_once):
    urls = iter(open(listed).read().split())
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:
        async def worker():
            for url in urls:
                async with session.get(url) as response:
                    response.raise_for_status()
                    with open(os.path.join(directory, url.rsplit("/", 1)[1]), "wb") as file:
                        file.write(await response.read())
        await asyncio.gather(*(worker() for _ in range(at_once)))
asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


class Clients:
    def __init__(self, options):
        self.options = options
        self.urls = [f"{options.url}/{path_of(index)}" for index in range(options.files)]
        self.every = self.write_list("all", self.urls)
        self.some = self.write_list("some", self.urls[::SLOW_SHARE])

    def write_list(self, name, urls):
        path = f"{self.options.work}/{name}.txt"
        with open(path, "w") as file:
            file.writelines(url + "\n" for url in urls)
        return path, len(urls)

    def curl_config(self, out):
        path = f"{self.options.work}/curl.conf"
        with open(path, "w") as file:
            for index, url in enumerate(self.urls):
                file.write(f'url = "{url}"\noutput = "{out}/f{index}"\n')
        return path

    def commands(self, out):
        """Name, command, list and whether it saves files."""
        overlap = [self.options.program, "get", "-q", "-i", self.every[0], "-j", str(AT_ONCE), "--max-per-host",
                   str(AT_ONCE)]
        at_once = str(AT_ONCE)
        return [
            ("overlap", [*overlap, "-P", out], self.every, True),
            ("null", [*overlap, "--to", "null"], self.every, False),
            ("curl", ["curl", "-s", "--parallel", "--parallel-max", at_once, "-K", self.curl_config(out)], self.every,
             True),
            ("wget2", ["wget2", "-q", "--max-threads", at_once, "-P", out, "-i", self.every[0]], self.every, True),
            ("aiohttp", [sys.executable, "-c", AIOHTTP, self.some[0], out, at_once], self.some, True),
            ("xargs", ["sh", "-c", f"xargs -P 16 -n 50 wget -q -P {out} <{self.some[0]}"], self.some, True),
            ("aria2c", ["aria2c", "-q", "-j", at_once, "-x", "1", "--file-allocation=none", "-d", out, "-i",
                        self.some[0]], self.some, True),
        ]


def run(command):
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    if status != 0:
        sys.exit(f"saved_files: {' '.join(command[:6])} ... ended with status {status}")
    return seconds, used.ru_utime + used.ru_stime


def check(out, count, size, name):
    saved = [entry for entry in os.scandir(out) if entry.is_file()]
    whole = sum(entry.stat().st_size == size for entry in saved)
    if whole != count:
        sys.exit(f"saved_files: {name} saved {whole} of {count} files")


def measure(options):
    clients = Clients(options)
    for _ in range(options.rounds):
        for place in options.into:
            label, out = place.split("=", 1)
            for name, command, (_, count), saves in clients.commands(out):
                shutil.rmtree(out, ignore_errors=True)
                os.makedirs(out)
                os.sync()
                seconds, cpu = run(command)
                if saves:
                    check(out, count, options.size, name)
                print(f"{label}:{name} {seconds * 1e6 / count}")
                print(f"{label}:{name}:cpu {cpu * 1e6 / count}", flush=True)


def main():
    if sys.argv[1] == "prepare":
        return prepare(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    parser = argparse.ArgumentParser()
    parser.add_argument("action")
    for name in ("program", "url", "work"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("files", "size", "rounds"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--into", action="append", required=True)
    return measure(parser.parse_args())


main()
