#!/usr/bin/env bash
# bench/long_lists.sh BUILD_DIR RESULTS_DIR [LARGEST]
#
# What a list costs by its length, up to LARGEST lines (10,000,000; a hundred million take some minutes and, with the
# default names, some gigabytes): when the first request leaves, memory, lines a second, and how fast a resumed run
# passes over what is done.
set -euo pipefail
build=${1:?BUILD_DIR} results=${2:?RESULTS_DIR} largest=${3:-10000000}
mkdir -p "$results"
exec python3 "$(dirname "$(realpath "$0")")/long_lists.py" "$build/bin/overlap" "$results/long_lists.json" "$largest"
