#!/usr/bin/env bash
# What the outside CI runs on a CPU: all tests, then every notebook at smoke size into one report.
set -euo pipefail
cd "$(dirname "$0")/.."
make test
make report PROFILE=smoke
