#!/usr/bin/env bash
# What a call costs, in one run: medians of five rounds, in which everything is measured in turn, beside the targets.
# bench/run.sh [SECONDS]: how long one measurement of a round lasts, default 4.
#
#   QUICK=1               one round of two seconds, 1,000 sessions in place of 8,000, Metro hardly warm: shows that it works
#   ROUNDS=5              how many rounds
#   WHAT="limit http …"   which of these (default: all):
#     limit      what no implementation can leave out of a secured reliable call (crates/waxwing/examples/limit.rs)
#     http       wsHttpBinding: message security in a reliable session, a client with a certificate
#     plain      the same without security
#     https      the same by TransportWithMessageCredential
#     tcp        netTcpBinding: alone, with a reliable session, with TLS, with message security
#     durable    http, the service's sessions in a SQLite store
#     heap       allocations and octets copied for a call, counted by bench/count.c (Linux with glibc, a C compiler)
#     openings   sessions opened and closed: negotiated and not
#     idle       memory of an idle session at both ends, and a call with 8,000 sessions open against 8 (crates/waxwing/examples/idle.rs)
#     at-once    200 calls at once on one ordered session against 200 in turn
#     big        echoes of 10 MB: text, octets, MTOM; message security and TransportWithMessageCredential
#     metro      Metro with Metro by message security (a JDK, 17 or later, and Maven; METRO=0 leaves it out)
#     disk       records of 2 KB appended to a file, one, 8 or 64 before each fdatasync: what no store can exceed
#   BASE=FOLDER           the same programs built from another commit (its target/release/examples), measured in turn with these
#   BIN=FOLDER            the programs of this commit, built before: nothing is built
#   GUIDED=1              the programs are built by bench/guided.sh, guided by a profile
#   OUT=FILE              where the measurements are kept as they are, a line each
#
# Needs Rust and Python. CPU time is that of client and service together. Timings depend on the machine and on what else runs: compare within one run only.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd .. && pwd)
quick=${QUICK:-0}
[ "$quick" = 1 ] && : "${ROUNDS:=1}" "${MANY:=1000}" "${WARMUP:=10}"
seconds=${1:-$([ "$quick" = 1 ] && echo 2 || echo 4)}
rounds=${ROUNDS:-5}
what=" ${WHAT:-limit http plain https tcp durable heap openings idle at-once big metro disk} "
[ "${METRO:-1}" = 1 ] || what=${what/ metro / }
measures() { [[ "$what" == *" $1 "* ]]; }
work=$(mktemp -d)
out=${OUT:-$work/results.tsv}
: > "$out"
pids=()
cleanup() {
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT
# Thousands of sessions may have a connection each.
ulimit -n "$(ulimit -Hn)"

if [ -n "${BIN:-}" ]; then
  bin=$BIN
elif [ "${GUIDED:-0}" = 1 ]; then
  bin=$(./guided.sh)/examples
else
  bin=${CARGO_TARGET_DIR:-$root/target}/release/examples
  (cd "$root" && cargo build -q --release -p waxwing --example measure --example limit --example idle)
fi
# User and system time of a process, in milliseconds.
cpu() { awk -v tick="$(getconf CLK_TCK)" '{print int(($14 + $15) * 1000 / tick)}' "/proc/$1/stat"; }
# ready LOG: waits for the program that was started last.
ready() { while sleep 0.1; do grep -q READY "$1" && return 0; kill -0 $! 2>/dev/null || break; done; cat "$1" >&2; return 1; }
# The program that measures: of this commit, or of BASE.
program() { if [ "$1" = base ]; then echo "$BASE/measure"; else echo "$bin/measure"; fi; }
# note KIND NAME COLUMN…: a line of what was measured.
note() { (IFS=$'\t'; echo "$*") >> "$out"; }

. ./configure.sh

# What is measured in turn: for each name its service's process, the client's command, how many sessions at a time, and how many calls fill a measurement.
names=()
declare -A service command counts calls

# start NAME COUNTS SERVE… -- CALL…: starts a service, and remembers how it is called; @ is the address that the service says.
start() {
  local name=$1 sessions=$2 serve=() log=$work/service.$RANDOM
  shift 2
  while [ "$1" != -- ]; do serve+=("$1"); shift; done
  shift
  "${serve[@]}" > "$log" 2>&1 &
  pids+=($!)
  names+=("$name")
  service[$name]=$!
  ready "$log"
  local address call
  address=$(sed -n 's/^READY //p' "$log")
  call=("${@/#@/$address}")
  command[$name]=${call[*]}
  counts[$name]=$sessions
}

# stack NAME COUNTS DO BINDING SCHEME RELIABLE SECURITY [STORE]: a service, and a client that does what DO is (call, open), of this commit and of BASE.
stack() {
  local name=$1 sessions=$2 does=$3 of to
  shift 3
  for of in '' ${BASE:+base}; do
    to=$work/${#names[@]}
    configure "$to" "${@//@store/$to.db}"
    start "$name${of:+ ($of)}" "$sessions" "$(program "$of")" serve "$to.service.config" -- "$(program "$of")" "$does" "$to.client.config"
  done
}

# spend NAME CALLS SESSIONS: has so many calls made. `spent` is the CPU time (ms) of both ends, `rate` how many a second that were.
spend() {
  local call before times
  read -ra call <<< "${command[$1]}"
  before=$(cpu "${service[$1]}")
  times=$( { TIMEFORMAT='%U %S'; time "${call[@]}" "$2" "$3" > "$work/client.log" 2> "$work/client.err"; } 2>&1) || { cat "$work/client.err" >&2; return 1; }
  spent=$(awk -v service=$(($(cpu "${service[$1]}") - before)) '{ print ($1 + $2) * 1000 + service }' <<< "$times")
  rate=$(sed -n 's/.* \([0-9]*\) [a-z]*\/s$/\1/p' "$work/client.log")
}

# measure ROUND NAME SESSIONS
measure() {
  local round=$1 name=$2 sessions=$3 n without=0
  if [ -z "${calls[$name $sessions]:-}" ]; then
    # A short run tells how many calls fill the time, and everything is warm.
    spend "$name" "$([[ $name == openings* ]] && echo 96 || echo 1600)" "$sessions"
    n=$((rate * seconds / sessions * sessions))
    calls[$name $sessions]=$((n > sessions ? n : sessions))
  fi
  n=${calls[$name $sessions]}
  # To start a client and to open its sessions is no part of a call.
  if [[ $name != openings* ]]; then
    spend "$name" "$sessions" "$sessions"
    without=$spent
  fi
  spend "$name" $((n + sessions)) "$sessions"
  note call "$name" "$sessions" "$round" "$n" "$rate" "$(awk "BEGIN { printf \"%.1f\", ($spent - $without) * 1000 / $n }")"
}

measures limit && start limit "1 8" "$bin/limit" serve -- "$bin/limit" call @
measures http && stack 'wsHttp message' "1 8" call wsHttpBinding http true "$by_certificate"
measures plain && stack 'wsHttp RM alone' "1 8" call wsHttpBinding http true "$unsecured"
measures https && stack 'wsHttp https' "1 8" call wsHttpBinding https true "$mixed"
if measures tcp; then
  stack 'net.tcp' "1 8" call netTcpBinding net.tcp false "$unsecured"
  stack 'net.tcp RM' "1 8" call netTcpBinding net.tcp true "$unsecured"
  stack 'net.tcp RM TLS' "1 8" call netTcpBinding net.tcp true "$tls"
  stack 'net.tcp RM message' "1 8" call netTcpBinding net.tcp true "$tcp_message"
fi
measures durable && stack 'wsHttp durable' "1 8 64" call wsHttpBinding http true "$by_certificate" '<store provider="sqlite" path="@store"/>'
if measures openings; then
  stack 'openings' "1 8" open wsHttpBinding http true "$by_certificate"
  stack 'openings negotiated' "1 8" open wsHttpBinding http true "$negotiated"
fi
for round in $(seq "$rounds"); do
  for name in ${names[@]+"${names[@]}"}; do
    for sessions in ${counts[$name]}; do measure "$round" "$name" "$sessions"; done
  done
  echo "round $round of $rounds at $((SECONDS / 60)) min" >&2
done

# host FILES [NAME=VALUE…]: starts one of `of`, whose configuration was written; its process is in `pid`.
host() {
  local from=$1
  shift
  : > "$from.log"
  env "$@" "$(program "$of")" serve "$from.service.config" > "$from.log" 2>&1 &
  pid=$!
  pids+=("$pid")
  ready "$from.log"
}

# heap NAME BINDING SCHEME RELIABLE SECURITY: allocations and copies of a call at each end: what 2,000 calls make more than 400.
heap() {
  local name=$1 n
  shift
  configure "$work/heap" "$@"
  counted() { od -A n -t u8 -v "$1" | xargs | tr ' ' '\t'; }
  host "$work/heap" COUNTS="$work/heap.counts" LD_PRELOAD="$work/count.so"
  # The first run finds nothing warm.
  for n in 400 400 2000; do
    cp "$work/heap.counts" "$work/heap.before"
    rm -f "$work/heap.client"
    COUNTS=$work/heap.client LD_PRELOAD=$work/count.so "$(program "$of")" call "$work/heap.client.config" "$n" 1 > /dev/null
    note heap "$name${of:+ ($of)}" "$n" "$(counted "$work/heap.client")" "$(counted "$work/heap.before")" "$(counted "$work/heap.counts")"
  done
  kill "$pid"
}
if measures heap && cc -O2 -fPIC -shared -fno-builtin -o "$work/count.so" count.c; then
  for of in '' ${BASE:+base}; do
    heap 'wsHttp message' wsHttpBinding http true "$by_certificate"
    heap 'wsHttp RM alone' wsHttpBinding http true "$unsecured"
    heap 'net.tcp' netTcpBinding net.tcp false "$unsecured"
  done
fi

# It starts both ends itself. Opening thousands of sessions takes longer than all the rest: once is enough.
if measures idle; then
  for of in '' ${BASE:+base}; do
    idle=$(dirname "$(program "$of")")/idle
    [ -x "$idle" ] || continue
    "$idle" "${MANY:-8000}" $((seconds * 4000)) > "$work/idle.out"
    while read -r end kib; do note idle "$end${of:+ ($of)}" "$kib"; done < <(sed -nE 's/^([a-z]+): ([0-9.]+) KiB for each.*/\1 \2/p' "$work/idle.out")
    while read -r called open us; do note many "many${of:+ ($of)}" "$open" "$called" 1 "$us"; done < <(
      sed -nE 's/^a call in ([0-9]+) sessions, with no others: ([0-9.]+) us.*/\1 \1 \2/p; s/^a call in ([0-9]+) sessions, with ([0-9]+) open: ([0-9.]+) us.*/\1 \2 \3/p; s/^a call in ([0-9]+) sessions in turn: ([0-9.]+) us.*/\1 \1 \2/p' "$work/idle.out"
    )
  done
fi

if measures at-once; then
  for of in '' ${BASE:+base}; do
    configure "$work/once" wsHttpBinding http true "$by_certificate"
    host "$work/once"
    "$(program "$of")" at-once "$work/once.client.config" "$pid" 200 "$rounds" | sed 's/.*ratio //' |
      while read -r ratio; do note at-once "secured${of:+ ($of)}" "$ratio"; done
    kill "$pid"
  done
fi

if measures big; then
  for round in $(seq "$rounds"); do
    for kind in text octets mtom; do
      for security in conversation mixed none; do
        for of in '' ${BASE:+base}; do
          # KIND SECURITY: N octets, X MB/s per core pair, Y MB/s, A client, B service
          note big "$kind $security${of:+ ($of)}" "$round" "$("$(program "$of")" big "$kind" "$security" "${BIG:-10000000}" "$seconds" |
            sed 's/.*octets, \([0-9.]*\) MB.s per core pair, \([0-9.]*\) MB.s, \([0-9.]*\) client, \([0-9.]*\) service/\1\t\2\t\3\t\4/')"
        done
      done
    done
  done
fi

# What no store on this disk can exceed.
measures disk && python3 - "$work/raw" "$seconds" >> "$out" <<'PY'
import os, sys, time
path, seconds = sys.argv[1], min(float(sys.argv[2]), 5)
record = os.urandom(2048)
for group in (1, 8, 64):
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    begun, records = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        os.write(file, record * group)
        os.fdatasync(file)
        records += group
    os.close(file)
    os.remove(path)
    print("disk", "append+fdatasync", group, f"{records / (time.monotonic() - begun):.0f}", sep="\t")
PY

if measures metro; then
  metro=../interop/metro
  "$metro/build.sh"
  port=$(free_port)
  "$metro/peer.sh" Serve sc-rm10 "$port" > "$work/metro.log" 2>&1 &
  pid=$!
  pids+=("$pid")
  ready "$work/metro.log"
  for sessions in 1 8; do
    # The virtual machines need a minute of load to be warm.
    JAVA_OPTS="-Dserver.pid=$pid" "$metro/peer.sh" Bench sc-rm10 "http://localhost:$port/ServiceModelSamples/service" "$sessions" "${WARMUP:-60}" "$seconds" "$rounds" > "$work/metro-client.log"
    sed -n 's/.* sessions \([0-9]*\) round \([0-9]*\) calls \([0-9]*\) calls_per_s \([0-9.]*\) .*client_cpu_ms_per_call \([0-9.]*\) server_cpu_ms_per_call \([0-9.]*\).*/\1 \2 \3 \4 \5 \6/p' \
      "$work/metro-client.log" | while read -r sessions round n rate client server; do
      note call 'Metro message' "$sessions" "$round" "$n" "$rate" "$(awk "BEGIN { printf \"%.1f\", ($client + $server) * 1000 }")"
    done
  done
fi

./table.py "$out"
