#!/bin/sh
# See that there is a Chromium for the browser tests: one that is named or on the path, Debian's
# where there is apt, else Playwright's. Usage: ci/browser.sh PYTHON
set -eu
python=$1
if [ -n "${WORKBENCH_CHROMIUM:-}" ]; then
    [ -x "$WORKBENCH_CHROMIUM" ] && exit 0
    echo "WORKBENCH_CHROMIUM names $WORKBENCH_CHROMIUM, which is no program" >&2
    exit 1
fi
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
if command -v apt-get >/dev/null 2>&1; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if [ -z "$as_root" ] || sudo -n true 2>/dev/null; then
        echo "Installing Debian's chromium …"
        $as_root apt-get update -qq </dev/null
        if DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq chromium </dev/null >/dev/null
        then exit 0; fi
    fi
fi
echo "Installing Playwright's chromium …"
exec "$python" -m playwright install chromium
