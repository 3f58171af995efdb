#!/usr/bin/env bash
# bench/politeness.sh BUILD_DIR RESULTS_DIR
#
# What hosts that hang cost the others: 1000 hosts with 20 URLs each, at 127.0.x.y, of which 50 accept connections and
# never answer. Items a second of the 950 others, alone and beside the 50, interleaved; their ratio should be 1.
set -euo pipefail

build=${1:?the directory of the built program}
results=${2:?the directory for results}
repeat=${REPEAT:-5}
hosts=1000
hanging=50
urls=20

work=$(mktemp -d)
trap 'kill "${run:-}" "${origin:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
mkfifo "$work/first_line"
"$build/bin/overlap" serve --bind 0.0.0.0 --latency 20ms >"$work/first_line" &
origin=$!
read -r _ _ url <"$work/first_line"
port=${url##*:}

# Every 20th host hangs in the list "with"; in "without" its URLs are left out.
awk -v hosts=$hosts -v every=$((hosts / hanging)) -v urls=$urls -v port="$port" -v work="$work" 'BEGIN {
  for (u = 0; u < urls; ++u) for (h = 0; h < hosts; ++h) {
    hangs = h % every == 0
    line = sprintf("http://127.1.%d.%d:%s%s", int(h / 250) + 1, h % 250 + 1, port, hangs ? "/fault/hang?" u : "/bytes/1000?" u)
    print line > (work "/with")
    if (!hangs) print line > (work "/without")
  }
}'
wanted=$(((hosts - hanging) * urls))

# Seconds until all that can be fetched is: the log of outcomes says when. What hangs is then ended.
measure() {
  mkfifo "$work/log"
  local begin end
  begin=$(date +%s.%N)
  "$build/bin/overlap" get -i "$work/$1" --to null --log "$work/log" -q >/dev/null 2>&1 &
  run=$!
  grep -c -m "$wanted" '"event":"ok"' "$work/log" | cat >/dev/null  # not awk, which reads a pipe by blocks
  end=$(date +%s.%N)
  kill -INT $run 2>/dev/null || true
  kill -INT $run 2>/dev/null || true
  wait $run || true
  run=
  rm "$work/log"
  awk -v begin="$begin" -v end="$end" 'BEGIN { printf "%.3f\n", end - begin }'
}

for ((i = 0; i < repeat; ++i)); do
  measure without >>"$work/times.without"
  measure with >>"$work/times.with"
done

median() { sort -n "$1" | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'; }
awk -v without="$(median "$work/times.without")" -v with="$(median "$work/times.with")" -v n="$wanted" -v repeat="$repeat" \
  -v json="$results/politeness.json" 'BEGIN {
  printf "%-28s %10s %12s\n", "hosts", "seconds", "items/s"
  printf "%-28s %10.3f %12.0f\n", "950 that answer", without, n / without
  printf "%-28s %10.3f %12.0f\n", "the same, and 50 that hang", with, n / with
  printf "%-28s %10s %12.3f\n", "ratio of items/s", "", without / with
  printf "{\"items\":%d,\"repeat\":%d,\"seconds_without\":%.3f,\"seconds_with\":%.3f,\"ratio\":%.3f}\n", n, repeat, without, with, without / with > json
}'
