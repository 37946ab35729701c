#!/usr/bin/env bash
# Continuous integration on a GPU machine: runs one notebook at full size, with new training. Usage: ci/gpu.sh 05   (a number of ci/gpu.sh --list)
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-}" = "--list" ]; then # as JSON, for a job matrix
    printf '['
    comma=
    for path in notebooks/[0-9][0-9]_*.ipynb; do
        number=$(basename "$path")
        printf '%s"%s"' "$comma" "${number%%_*}"
        comma=,
    done
    printf ']\n'
    exit 0
fi
[ $# = 1 ] || { echo "usage: ci/gpu.sh NUMBER | --list" >&2; exit 2; }
make setup data
.venv/bin/python -c 'import torch; assert torch.cuda.is_available(), "no GPU on this machine"'
.venv/bin/workbench report --profile gpu --only "$1" --jobs 1 --timeout 7200 --out "report/$1"
