#!/usr/bin/env bash
# Prints a token of the demo customer whose hour ended an hour ago: `expired_token.sh HOME`.
# Nobody waits an hour for a token to lapse, so it is signed here with the key of the private database.
set -euo pipefail
home=$1

bin() {
    command -v "$1" 2>/dev/null && return
    local folder
    for folder in /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin; do
        [ -x "$folder/$1" ] && echo "$folder/$1" && return
    done
    return 1
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# The port and the folder of the socket are the fourth and fifth line of Postgres' own note.
pidfile=$home/postgres/data/postmaster.pid
ask() {
    "$(bin psql)" --no-psqlrc --quiet --tuples-only --no-align --variable=ON_ERROR_STOP=1 \
        --host "$(sed -n 5p "$pidfile")" --port "$(sed -n 4p "$pidfile")" \
        --username kraken --dbname kraken --command "$1"
}

newest="from signing_keys where retired_at is null order by id desc limit 1"
url=$(sed -n 's/.*"url": "\(.*\)".*/\1/p' "$home/demo.json")
email=$(sed -n 's/.*"email": "\(.*\)".*/\1/p' "$home/demo.json" | head -n 1)
user=$(ask "select id from account_users where email = '$email'")
then=$(($(date +%s) - 7200))

header=$(printf '{"alg":"RS256","iss":"%s","jku":"","kid":"%s","typ":"JWT"}' "$url" "$(ask "select kid $newest")")
claims=$(printf '{"sub":"kraken|account-user:%s","gty":"EMAIL-AND-PASSWORD","email":"%s",' "$user" "$email"
    printf '"tokenUse":"access","iss":"%s","iat":%s,"exp":%s,"origIat":%s}' "$url" "$then" "$((then + 3600))" "$then")
message=$(printf '%s' "$header" | base64url).$(printf '%s' "$claims" | base64url)
signature=$(printf '%s' "$message" | openssl dgst -sha256 -sign <(ask "select private_pem $newest") -binary | base64url)
printf '%s.%s\n' "$message" "$signature"
