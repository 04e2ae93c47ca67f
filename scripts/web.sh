#!/bin/sh
# Builds web/dist when its sources are newer. Without npm the program still builds and says so.
set -eu
npm=${1:-npm}
cd "$(dirname "$0")/../web"

if ! command -v "$npm" >/dev/null 2>&1; then
    echo "npm is missing: GraphiQL will not be served (install Node 20 or later, then \`make web\`)." >&2
    exit 0
fi
if [ -f dist/graphiql.html ] && [ -z "$(find . -path ./node_modules -prune -o -path ./dist -prune -o \
    -type f -newer dist/graphiql.html -print | head -n 1)" ]; then
    exit 0
fi
if ! { "$npm" ci --no-audit --no-fund --loglevel=error && "$npm" run --silent build -- --logLevel error; }; then
    echo "Building GraphiQL failed: its page will not be served." >&2
fi
