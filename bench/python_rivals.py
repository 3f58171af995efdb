"""python_rivals.py MEASURE: prints what one measure takes in Python; see python_rivals.sh.

The same work as in python_rivals_ours.cpp, measured in the same way: nanoseconds an item, or seconds in all. Where
Python needs a hundred times as long, fewer items make up for it.
"""

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def give_back(value):
    return value


async def give_back_later(value):
    return value


def seconds(work):
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def nanoseconds_an_item(items, work):
    """Of the second time: the first pays for what happens once."""
    work()
    return 1e9 * seconds(work) / items


def submit(pool_type, tasks):
    def work():
        futures = [pool.submit(give_back, i) for i in range(tasks)]
        for future in futures:
            future.result()

    with pool_type(2) as pool:
        return nanoseconds_an_item(tasks, work)


def round_trip(pool_type, trips):
    def work():
        for i in range(trips):
            pool.submit(give_back, i).result()

    with pool_type(2) as pool:
        return nanoseconds_an_item(trips, work)


def map_in_chunks(pool_type, items):
    def work():
        for _ in pool.map(give_back, range(items), chunksize=1000):
            pass

    with pool_type(2) as pool:
        return nanoseconds_an_item(items, work)


COROUTINES = 100_000


async def gather_many():
    await asyncio.gather(*(give_back_later(i) for i in range(COROUTINES)))


def loop_submit(tasks=20_000):
    def work():
        futures = [asyncio.run_coroutine_threadsafe(give_back_later(i), loop) for i in range(tasks)]
        for future in futures:
            future.result()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    each = nanoseconds_an_item(tasks, work)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    return each


async def gather_sleepers():
    await asyncio.gather(*(asyncio.sleep(1) for _ in range(COROUTINES)))


def sum_of_squares(terms):
    return sum(i * i for i in range(terms))


def add_up(map_function):
    return sum(map_function(sum_of_squares, range(5_000_000, 5_000_020)))


def cpu(pool_type):
    with pool_type(len(os.sched_getaffinity(0))) as pool:
        add_up(pool.map)


MEASURES = {
    "threads_submit": lambda: submit(ThreadPoolExecutor, 20_000),
    "threads_round_trip": lambda: round_trip(ThreadPoolExecutor, 5_000),
    "threads_map": lambda: map_in_chunks(ThreadPoolExecutor, 20_000),
    "processes_submit": lambda: submit(ProcessPoolExecutor, 5_000),
    "processes_round_trip": lambda: round_trip(ProcessPoolExecutor, 1_000),
    "processes_map": lambda: map_in_chunks(ProcessPoolExecutor, 1_000_000),
    "loop_spawn": lambda: nanoseconds_an_item(COROUTINES, lambda: asyncio.run(gather_many())),
    "loop_submit": loop_submit,
    "loop_sleep": lambda: seconds(lambda: asyncio.run(gather_sleepers())),
    "cpu_inline": lambda: seconds(lambda: add_up(map)),
    "cpu_threads": lambda: seconds(lambda: cpu(ThreadPoolExecutor)),
    "cpu_processes": lambda: seconds(lambda: cpu(ProcessPoolExecutor)),
}

if __name__ == "__main__":
    print(MEASURES[sys.argv[1]]())
