#!/usr/bin/env bash
# bench/python_rivals.sh BUILD_DIR RESULTS_DIR
#
# The executors of Python beside ours: concurrent.futures and asyncio, the same work, one program after the other, five
# rounds. Pools have two workers; those of `cpu` one a CPU. Python's process pool forks, its fastest way to start.
. "$(dirname "$(realpath "$0")")/side_by_side.sh"

ours=$build/bench/side_by_side/python_rivals_ours
measures=(threads_submit threads_round_trip threads_map processes_submit processes_round_trip processes_map
  loop_spawn loop_submit loop_sleep cpu_inline cpu_threads cpu_processes)

for ((round = 1; round <= 5; ++round)); do
  for measure in "${measures[@]}"; do
    sample "$measure/ours" "$ours" "$measure"
    sample "$measure/python" "$python" "$bench/python_rivals.py" "$measure"
  done
  sample cpu_bare_threads/ours "$ours" cpu_bare_threads
done

speedup=$(awk -v cpus="$(nproc)" 'BEGIN { print 0.95 * cpus }')
print_table <<ROWS
thread pool: submit and result, a task            | ns | threads_submit/ours       | Python          | threads_submit/python       | <=160
thread pool: one round trip                       | ns | threads_round_trip/ours   | Python          | threads_round_trip/python   | -
thread pool: map, 1000 a chunk, an item           | ns | threads_map/ours          | Python          | threads_map/python          | -
process pool: submit and result, a task           | ns | processes_submit/ours     | Python          | processes_submit/python     | -
process pool: one round trip                      | ns | processes_round_trip/ours | Python          | processes_round_trip/python | >=10x
process pool: map, 1000 a chunk, an item          | ns | processes_map/ours        | Python          | processes_map/python        | >=5x
process pool: the same, as time                   | ns | processes_map/ours        | -               | -                           | <=100
event loop: gather of 100,000 coroutines, each    | ns | loop_spawn/ours           | asyncio         | loop_spawn/python           | -
event loop: submit from another thread, a task    | ns | loop_submit/ours          | asyncio         | loop_submit/python          | -
event loop: gather of 100,000 sleeps of 1 s       | s  | loop_sleep/ours           | asyncio         | loop_sleep/python           | <=1.1
cpu, inline                                       | s  | cpu_inline/ours           | Python          | cpu_inline/python           | -
cpu, threads                                      | s  | cpu_threads/ours          | Python          | cpu_threads/python          | -
cpu, processes                                    | s  | cpu_processes/ours        | Python          | cpu_processes/python        | -
cpu, threads against inline                       | s  | cpu_threads/ours          | our inline      | cpu_inline/ours             | >=${speedup}x
cpu, processes against inline                     | s  | cpu_processes/ours        | our inline      | cpu_inline/ours             | >=${speedup}x
cpu, threads against what the CPUs give           | s  | cpu_threads/ours          | bare threads | cpu_bare_threads/ours       | -
cpu, processes against what the CPUs give         | s  | cpu_processes/ours        | bare threads | cpu_bare_threads/ours       | -
cpu, what the CPUs give                           | s  | cpu_bare_threads/ours     | our inline      | cpu_inline/ours             | -
ROWS
