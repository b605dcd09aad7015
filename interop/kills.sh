#!/usr/bin/env bash
# Durable Waxwing with Waxwing, killed (-9) at random: the service, then the client, each with its store in SQLite and in PostgreSQL. Secured calls; the
# application's own transaction counts what was executed; every fourth kill meets somebody who is recovering.
# Ends with 1 unless in each of the four nothing was lost, nothing was executed twice, and the order was kept.
# Needs Rust, and PostgreSQL (Debian: apt install postgresql).
#
#   kills.sh [KILLS]              of each combination; 10,000 unless it is said
#   VICTIMS="service client" STORES="sqlite postgres"
#   LANES=16                      pairs of a client and a service side by side
#   CALLS=5                       calls for each kill
#   SEED=2026                     who is killed when
set -uo pipefail
cd "$(dirname "$0")/.."
kills=${1:-10000}
lanes=${LANES:-16}
[ -n "${NO_BUILD:-}" ] || cargo build -q --release -p waxwing-cli || exit 1
waxwing=${WAXWING:-${CARGO_TARGET_DIR:-$PWD/target}/release/waxwing}
failed=0
for victims in ${VICTIMS:-service client}; do
  for store in ${STORES:-sqlite postgres}; do
    echo "== $kills kills of the $victims, store $store"
    "$waxwing" demo --durable --kill "$victims" --store "$store" --kills "$kills" --calls "$((kills * ${CALLS:-5}))" --lanes "$lanes" --seed "${SEED:-2026}" || failed=$((failed + 1))
  done
done
[ "$failed" = 0 ]
