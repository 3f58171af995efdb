#!/usr/bin/env bash
# bench/serve.sh BUILD_DIR RESULTS_DIR
#
# How many requests the built-in origin answers: the ceiling of every measurement that uses it. The origin has CPU 0,
# wrk CPU 1. Beside the rate stands the rate per CPU second of the origin, which holds on a busy machine too.
set -euo pipefail

build=${1:?the directory of the built program}
results=${2:?the directory for results}
seconds=5

work=$(mktemp -d)
trap 'kill "${origin:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
mkfifo "$work/first_line"
taskset -c 0 "$build/bin/overlap" serve >"$work/first_line" &
origin=$!
read -r _ _ url <"$work/first_line"

ticks() { awk '{ print $14 + $15 }' "/proc/$origin/stat"; }

printf '%-12s %12s %20s\n' path requests/s 'requests/CPU-second'
for path in /json/1 /bytes/100 /page/1; do
  before=$(ticks)
  taskset -c 1 wrk -t1 -c64 "-d${seconds}s" "$url$path" >"$work/wrk"
  after=$(ticks)
  awk -v path="$path" -v ticks=$((after - before)) -v hertz="$(getconf CLK_TCK)" -v json="$work/json" '
    /requests in/ { count = $1 }
    /Requests\/sec/ { rate = $2 }
    /Non-2xx|Socket errors/ { print; bad = 1 }
    END {
      per_cpu = count * hertz / ticks
      printf "%-12s %12.0f %20.0f\n", path, rate, per_cpu
      printf "{\"path\":\"%s\",\"per_second\":%.0f,\"per_cpu_second\":%.0f}\n", path, rate, per_cpu >> json
      exit bad
    }' "$work/wrk"
done
awk 'BEGIN { printf "[" } { printf "%s%s", (NR > 1 ? "," : ""), $0 } END { print "]" }' "$work/json" >"$results/serve.json"
