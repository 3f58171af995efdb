#!/usr/bin/env bash
# bench/auto_concurrency.sh BUILD_DIR RESULTS_DIR
#
# What -j auto finds beside the best fixed number, on origins that answer 8, 64 and 512 requests at a time (the others
# wait their turn), so that their throughput has its knee there. All numbers and auto are run interleaved, REPEAT times
# (3); auto on a list that takes SECONDS_AT_KNEE (20) at the knee, so that the search is small in it. It counts all the
# same, and how long it took is shown. Items a second; mark: the median of auto is at least 0.9 of the best median.
set -euo pipefail

build=${1:?the directory of the built program}
results=${2:?the directory for results}
mkdir -p "$results"

exec /usr/bin/python3 "$(dirname "$0")/auto_concurrency.py" "$build/bin/overlap" "$results/auto_concurrency.json" \
  --repeat "${REPEAT:-3}" --seconds "${SECONDS_AT_KNEE:-20}"
