#!/usr/bin/env bash
# bench/footprint.sh BUILD_DIR RESULTS_DIR
#
# What a program that runs one lambda elsewhere takes to compile, and how large it gets: with this library, with its
# thread pool alone, with std::async, with oneTBB, and a program that does nothing. One after the other, five rounds.
. "$(dirname "$(realpath "$0")")/side_by_side.sh"

export CCACHE_DISABLE=1
root=$(realpath "$bench/..")
flags=(-std=c++23 -DFMT_SHARED "-I$root/include")
overlap=("$build/src/liboverlap.a" -lfmt -pthread -Wl,--build-id)

cat >"$work/nothing.cpp" <<'CPP'
int main() {}
CPP
cat >"$work/overlap.cpp" <<'CPP'
#include <overlap/overlap.hpp>
int main() { return overlap::ThreadPoolExecutor().submit([] { return 0; }).result(); }
CPP
cat >"$work/pool_alone.cpp" <<'CPP'
#include <overlap/executors/thread_pool_executor.hpp>
int main() { return overlap::ThreadPoolExecutor().submit([] { return 0; }).result(); }
CPP
cat >"$work/std_async.cpp" <<'CPP'
#include <future>
int main() { return std::async(std::launch::async, [] { return 0; }).get(); }
CPP
cat >"$work/onetbb.cpp" <<'CPP'
#include <oneapi/tbb/task_group.h>
int main() {
  int result = 1;
  oneapi::tbb::task_group group;
  group.run([&result] { result = 0; });
  group.wait();
  return result;
}
CPP

compile() {  # LEVEL PROGRAM: the seconds it took
  local TIMEFORMAT=%R
  { time g++ "${flags[@]}" "$1" -c "$work/$2.cpp" -o "$work/$2.o" 2>&3; } 3>&2 2>&1
}

size() {  # LEVEL PROGRAM: KiB of the stripped executable
  local -a libraries=()
  case $2 in
    overlap | pool_alone) libraries=("${overlap[@]}") ;;
    onetbb) libraries=(-ltbb) ;;
  esac
  g++ "$1" "$work/$2.o" "${libraries[@]}" -o "$work/$2" && strip "$work/$2" && "$work/$2" >&2
  awk -v bytes="$(stat -c %s "$work/$2")" 'BEGIN { print bytes / 1024 }'
}

for ((round = 1; round <= 5; ++round)); do
  for level in -O0 -O2; do
    for program in nothing overlap pool_alone std_async onetbb; do
      sample "compile$level/$program" compile "$level" "$program"
      sample "size$level/$program" size "$level" "$program"
    done
  done
done

rows() {  # LEVEL SERIES UNIT PROGRAM TITLE: one beside each rival
  local rival
  for rival in std_async onetbb nothing; do
    echo "$5, g++ $1 | $3 | $2$1/$4 | $rival | $2$1/$rival | -"
  done
}
{
  for level in -O0 -O2; do
    rows "$level" compile s overlap "compile <overlap/overlap.hpp>"
    rows "$level" compile s pool_alone "compile the thread pool alone"
    rows "$level" size KiB overlap "stripped program"
  done
} | print_table
