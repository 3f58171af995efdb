#!/usr/bin/env bash
# bench/one_cpu.sh BUILD_DIR RESULTS_DIR
#
# The thread pool and the process pool where all must share one CPU, beside their rivals there. While one spins the
# other cannot run, and each waking is a switch.
. "$(dirname "$(realpath "$0")")/side_by_side.sh"

# PROGRAM FILTER: five interleaved repetitions of some of a program's benchmarks.
pinned() {
  taskset -c 0 "$build/bench/bench/$1" "--benchmark_filter=$2" --benchmark_repetitions=5 --benchmark_min_time=0.2 \
    --benchmark_enable_random_interleaving=true "--benchmark_out=$work/samples-$1.json" --benchmark_out_format=json \
    >"$work/$1.txt" 2>&1 || { cat "$work/$1.txt" >&2; exit 1; }
}
pinned task_rivals_bench '(many_(overlap|asio|tbb)|fork_join.*|round_trip.*)/(workers:[12]/)?process_time.*'
pinned process_pool_bench '(round_trip|two_processes|submit_and_collect|map_in_chunks).*'

print_table <<'ROWS'
thread pool, 1 worker: submit and result, a task    | ns | many_overlap/workers:1       | Asio             | many_asio/workers:1       | >=5x
thread pool, 1 worker: submit and result, a task    | ns | many_overlap/workers:1       | oneTBB           | many_tbb/workers:1        | >=5x
thread pool, 2 workers: submit and result, a task   | ns | many_overlap/workers:2       | Asio             | many_asio/workers:2       | >=5x
thread pool, 2 workers: submit and result, a task   | ns | many_overlap/workers:2       | oneTBB           | many_tbb/workers:2        | >=5x
thread pool, 1 worker: fork and join, a task        | ns | fork_join_overlap/workers:1  | oneTBB           | fork_join_tbb/workers:1   | <=1x
thread pool, 2 workers: fork and join, a task       | ns | fork_join_overlap/workers:2  | oneTBB           | fork_join_tbb/workers:2   | <=1x
thread pool, 1 worker: one round trip               | ns | round_trip_overlap/workers:1 | futex, 2 threads | round_trip_futex          | <=1.5x
thread pool, 1 worker: one round trip               | ns | round_trip_overlap/workers:1 | Asio             | round_trip_asio/workers:1 | -
thread pool, 2 workers: one round trip              | ns | round_trip_overlap/workers:2 | futex, 2 threads | round_trip_futex          | <=1.5x
process pool, 1 worker: one round trip              | ns | round_trip/workers:1         | futex, 2 processes | two_processes_futex     | <=2x
process pool, 1 worker: submit and result, a task   | ns | submit_and_collect/workers:1 | -                | -                         | -
process pool: map, 1000 a chunk, an item            | ns | map_in_chunks/chunk:1000     | -                | -                         | <=100
ROWS
