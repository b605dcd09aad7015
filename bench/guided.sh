#!/usr/bin/env bash
# Builds `waxwing`, and the programs that bench/run.sh measures, in two passes. Those of the first count what calls and openings do; the compiler then knows
# what is hot, makes one piece of it, and puts the rest elsewhere. docs/performance.md tells what that gives, and how to build another program so.
# bench/guided.sh [CALLS]: of each kind of calls so many are counted, default 20000; an eighth of that in one session. Prints the folder of the programs.
#
# Needs Rust with rustup's component llvm-tools. Takes twice as long as `cargo build --release`, and a minute.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd .. && pwd)
calls=${1:-20000}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT

host=$(rustc -vV | sed -n 's/^host: //p')
merge=$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata
[ -x "$merge" ] || { echo "llvm-profdata is missing: rustup component add llvm-tools" >&2; exit 1; }
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}/guided
built=$CARGO_TARGET_DIR/$host/release
profile=$CARGO_TARGET_DIR/profile

# build FLAGS TARGET…: with --target the flags are not those of build scripts and macros, which run while other things are compiled. The packages are the same
# in both passes, and with them the features and names of all that is counted.
build() {
  local flags=$1
  shift
  (cd "$root" && RUSTFLAGS="${RUSTFLAGS:-} $flags" cargo build -q --release --target "$host" -p waxwing-cli -p waxwing "$@")
}

. ./configure.sh

# serving PROGRAM ARGUMENT…: starts a service; its address is in `address`. Interrupted, it writes what it has counted.
serving() {
  "$@" > "$work/service.log" 2>&1 &
  service=$!
  until grep -q READY "$work/service.log"; do
    kill -0 "$service" 2>/dev/null || { cat "$work/service.log" >&2; return 1; }
    sleep 0.1
  done
  address=$(sed -n 's/^READY //p' "$work/service.log")
}
served() { kill -INT "$service" && wait "$service"; }

# count DO HOW_MANY BINDING SCHEME RELIABLE SECURITY [STORE]: as in configure.sh; DO is call or open.
count() {
  local does=$1 many=$2
  shift 2
  configure "$work/counted" "$@"
  serving "$built/examples/measure" serve "$work/counted.service.config"
  "$built/examples/measure" "$does" "$work/counted.client.config" "$many" 8
  "$built/examples/measure" "$does" "$work/counted.client.config" $((many / 8)) 1
  served
}

rm -rf "$profile" && mkdir -p "$profile"
build "-Cprofile-generate=$profile" --example measure --example limit
export LLVM_PROFILE_FILE=$profile/%m.profraw
{
  count call "$calls" wsHttpBinding http true "$by_certificate"
  count call "$calls" wsHttpBinding http true "$unsecured"
  count call "$calls" wsHttpBinding https true "$mixed"
  count call "$calls" netTcpBinding net.tcp false "$unsecured"
  count call "$calls" netTcpBinding net.tcp true "$unsecured"
  count call "$calls" netTcpBinding net.tcp true "$tls"
  count call "$calls" netTcpBinding net.tcp true "$tcp_message"
  count call $((calls / 8)) wsHttpBinding http true "$by_certificate" "<store provider=\"sqlite\" path=\"$work/store.db\"/>"
  count open $((calls / 80)) wsHttpBinding http true "$by_certificate"
  count open $((calls / 80)) wsHttpBinding http true "$negotiated"
  for kind in text octets mtom; do
    for security in conversation mixed; do "$built/examples/measure" big "$kind" "$security" 1000000 2; done
  done
  serving "$built/examples/limit" serve
  "$built/examples/limit" call "$address" "$calls" 8
  served
} >&2
"$merge" merge -o "$profile/merged.profdata" "$profile"/*.profraw
unset LLVM_PROFILE_FILE
build "-Cprofile-use=$profile/merged.profdata" --bin waxwing --example measure --example limit --example idle
echo "$built"
