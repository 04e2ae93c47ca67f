#!/usr/bin/env bash
# Starts the built server on a free port with a private database of its own, lets public client libraries, a browser
# and the examples log in, read and post against it, and clears away what it made. `run.sh python typescript` runs only
# those.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$(cd "$root" && mkdir -p "${CARGO_TARGET_DIR:-target}" && cd "${CARGO_TARGET_DIR:-target}" && pwd)
program=$target/debug/kraken-api
if [ ! -x "$program" ]; then
    echo "$program is missing; build it with: cargo build" >&2
    exit 1
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/kraken-clients.XXXXXX")
chmod 755 "$work" # root's Postgres runs as somebody else, who must get in
server=""
export KRAKEN_HOME=$work/home
unset DATABASE_URL KRAKEN_EDITION KRAKEN_PUBLIC_URL KRAKEN_LISTEN

stop_server() {
    [ -n "$server" ] || return 0
    kill -TERM "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=""
}
leave() {
    stop_server
    rm -rf "$work" "$here/rust/schema.graphql" "$here/typescript/build" "$here/typescript/src/generated"
}
trap leave EXIT
trap 'exit 130' INT TERM

# Ready, or no longer running. The listener opens before the database does, so curl itself does the waiting.
wait_until_ready() {
    local ready="http://127.0.0.1:$PORT/readyz" until=$((SECONDS + 180))
    while [ $SECONDS -lt $until ]; do
        kill -0 "$server" 2>/dev/null || return 1
        curl --silent --fail --output /dev/null --max-time 20 "$ready" && return 0
        sleep 0.1
    done
    return 1
}

start_server() {
    local attempt
    for attempt in $(seq 20); do
        export PORT=$((20000 + RANDOM % 12000))
        "$program" serve >"$work/server.log" 2>&1 &
        server=$!
        wait_until_ready && return 0
        stop_server
        # Another try helps only where the port is taken.
        grep -q "PORT chooses another port" "$work/server.log" || break
    done
    echo "The server did not start:" >&2
    tail -n 20 "$work/server.log" >&2
    return 1
}

passed=0
failed=0
# Adds up what a runner printed as its last counts; a runner that fails without a failed test counts as one.
count() {
    local name=$1 status=$2 good=$3 bad=$4
    good=${good:-0} bad=${bad:-0}
    if { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; } && [ "$bad" -eq 0 ]; then bad=1; fi
    passed=$((passed + good))
    failed=$((failed + bad))
    printf '%-10s %d ok, %d not (%d s)\n' "$name" "$good" "$bad" $((SECONDS - begin))
    [ "$bad" -eq 0 ] || cat "$work/$name.log"
}
left_out() { echo "$1: $2, left out"; }
sum() { awk "$1 { total += \$$2 } END { print total + 0 }" "$3"; }

# Installs anew when what was asked for has changed.
python_ready() {
    local home=$target/clients/python
    cmp -s "$here/python/requirements.txt" "$home/installed.txt" && "$home/bin/python" -c pass && return 0
    rm -rf "$home"
    python3 -m venv "$home" &&
        "$home/bin/pip" install --quiet --disable-pip-version-check -r "$here/python/requirements.txt" &&
        cp "$here/python/requirements.txt" "$home/installed.txt"
}
node_ready() {
    local stamp=node_modules/.installed-lock.json
    cmp -s package-lock.json "$stamp" && return 0
    npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json "$stamp"
}

run_python() {
    local log=$work/python.log
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        left_out python "Python 3 with venv is not installed"
        return
    fi
    (cd "$here/python" && python_ready && run_pytest) >"$log" 2>&1
    count_pytest python $?
}
run_pytest() { "$target/clients/python/bin/python" -B -m pytest -q -p no:cacheprovider; }
count_pytest() {
    local log=$work/$1.log
    count "$1" "$2" "$(grep -Eo '[0-9]+ passed' "$log" | tail -n 1 | cut -d' ' -f1)" \
        "$(grep -Eo '[0-9]+ (failed|error)' "$log" | awk '{ n += $1 } END { print n + 0 }')"
}
# The scripts of package.json, one after the other.
run_node() {
    local name=$1 log=$work/$1.log
    shift
    if ! npm --version >/dev/null 2>&1; then
        left_out "$name" "npm is not installed"
        return
    fi
    (cd "$here/$name" && node_ready && for script in "$@"; do npm run --silent "$script" || exit 1; done) >"$log" 2>&1
    local status=$?
    count "$name" $status "$(sum '/^# pass /' 3 "$log")" "$(sum '/^# (fail|cancelled) /' 3 "$log")"
}
run_javascript() { run_node javascript test; }
run_typescript() { run_node typescript generate check test; }
run_browser() {
    local name
    for name in chromium chromium-browser google-chrome; do
        CLIENTS_BROWSER=$(command -v "$name") && break
    done
    if [ -z "$CLIENTS_BROWSER" ]; then
        left_out browser "Chromium is not installed"
    elif [ ! -f "$root/web/dist/operations.html" ]; then
        left_out browser "the pages are not built (make web)"
    else
        export CLIENTS_BROWSER
        run_node browser test
    fi
}
run_rust() {
    local log=$work/rust.log
    (cd "$here/rust" && "$program" schema print >schema.graphql &&
        CARGO_TARGET_DIR=$target cargo test --locked --no-fail-fast) >"$log" 2>&1
    local status=$?
    count rust $status "$(sum '/^test result:/' 4 "$log")" "$(sum '/^test result:/' 6 "$log")"
}

# Each example against a server of its market's edition, over the same database.
run_example() {
    local name=example-$1
    local log=$work/$name.log
    if [ "$1" = de ] && ! npm --version >/dev/null 2>&1; then
        left_out "$name" "npm is not installed"
        return
    fi
    begin=$SECONDS
    (export KRAKEN_EDITION=$1 && start_server && export CLIENTS_EXAMPLE=$1 &&
        { [ "$1" != de ] || (cd "$root/examples/germany" && node_ready); } &&
        (cd "$here/python" && python_ready) && (cd "$here/examples" && run_pytest)
    status=$?
    stop_server
    exit $status) >"$log" 2>&1
    count_pytest "$name" $?
}
run_examples() {
    if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        left_out examples "Python 3 with venv is not installed"
        return
    fi
    local market
    stop_server
    for market in gb de jp; do run_example "$market"; done
    start_server || exit 1
}

start_server || exit 1
export CLIENTS_DEMO_FILE=$KRAKEN_HOME/demo.json
CLIENTS_EXPIRED_TOKEN=$("$here/expired_token.sh" "$KRAKEN_HOME") || exit 1
export CLIENTS_EXPIRED_TOKEN
[ $# -gt 0 ] || set -- python javascript typescript rust browser examples
for client in "$@"; do
    begin=$SECONDS
    case $client in
    python | javascript | typescript | rust | browser | examples) "run_$client" ;;
    *) echo "$client: no such client" >&2 && exit 2 ;;
    esac
done
if [ $failed -gt 0 ]; then
    echo "What the server complained of:"
    grep -Ev '"level":"INFO"' "$work/server.log" | tail -n 20
fi
stop_server
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
