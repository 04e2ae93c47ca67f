#!/bin/sh
# Installs the Postgres programs where they are missing and can be installed.
set -eu

has_postgres() {
    command -v postgres >/dev/null 2>&1 && return 0
    for dir in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
        [ -x "$dir/postgres" ] && return 0
    done
    return 1
}

# With a database given there is nothing to install.
[ -n "${DATABASE_URL:-}" ] && exit 0
has_postgres && exit 0

if command -v apt-get >/dev/null 2>&1; then
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then
        if sudo -n true 2>/dev/null; then
            as_root="sudo -n"
        else
            echo "Postgres is missing. Install it with: sudo apt-get install postgresql" >&2
            exit 1
        fi
    fi
    echo "Installing Postgres ..."
    # No cluster of the distribution's own: the program keeps a private one.
    $as_root mkdir -p /etc/postgresql-common/createcluster.d
    echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.d/kraken-api.conf >/dev/null
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/dev/null
elif command -v brew >/dev/null 2>&1; then
    brew install postgresql@16
else
    echo "Postgres 15 or later is missing. Install it, or set DATABASE_URL." >&2
    exit 1
fi
