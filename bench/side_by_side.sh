# shellcheck shell=bash
# Sourced by the side-by-side runs: takes samples in turn and gives them to side_by_side.py.
set -euo pipefail

build=${1:?the directory of the built program}
results=${2:?the directory for results}
bench=$(dirname "$(realpath "$0")")
name=$(basename "$0" .sh)

# Debian's, which script/bootstrap installs: another one found first in PATH would be another rival.
python=/usr/bin/python3
if [[ ! -x $python ]]; then
  echo "$name: there is no $python; script/bootstrap bench installs it. Nothing was measured." >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# sample SERIES COMMAND...: the number that a command prints is one sample of a series.
sample() {
  local series=$1 value
  shift
  value=$("$@")
  echo "$series $value" >>"$work/samples"
}

# The rows of the table come from standard input.
print_table() {
  cat >"$work/rows"
  "$python" "$bench/side_by_side.py" "$work/rows" "$results/$name.json" "$work"/samples*
}
