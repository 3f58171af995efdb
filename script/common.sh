# shellcheck shell=bash
# Sourced by the scripts beside it: strict mode, the project's root as the working directory, a few words they share.
set -euo pipefail

self=$(realpath "$0")
cd "$(dirname "$self")/.."

# So that ccache knows the same file in another clone of the project: without this every path is another compilation.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1

# What a script says about itself is the comment at its head.
usage() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$self"; }

say() { printf '%s\n' "$*" >&2; }
die() {
  say "$(basename "$self"): $1"
  exit "${2:-1}"
}

# Shows a command, then runs it.
run() {
  say "+ $*"
  "$@"
}

# How many compilers at once: one per CPU, and no more than memory has room for. A unit that uses Asio under a sanitizer
# takes up to 1.5 GiB; a machine that swaps is slower than one that waits. OVERLAP_JOBS overrules.
jobs_that_fit() {
  local cpus memory
  cpus=$(nproc)
  memory=$(awk '/^MemAvailable:/ { print int($2 / 1572864) }' /proc/meminfo 2>/dev/null || true)
  memory=${memory:-$cpus}
  ((memory >= 1)) || memory=1
  echo "${OVERLAP_JOBS:-$((memory < cpus ? memory : cpus))}"
}

# The C++ files that are ours: what git knows, or is new and not ignored, and is there.
our_sources() {
  git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp' | sort -u |
    while IFS= read -r file; do if [[ -f $file ]]; then echo "$file"; fi; done
}
