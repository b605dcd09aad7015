#!/usr/bin/env bash
# Durable Waxwing, killed (-9) at each step of a session, in either role: our service with Metro's client, our client (an outbox)
# with Metro's service, and both with each other where the session begins with a TLS negotiation, which Metro does not know. As a table.
# A kill is before a message is passed on, when it was sent, when it was answered (the answer is lost), or after the answer. The killed program is back
# after AWAY milliseconds. The application must see no error once its session is open: the very first request (RST/SCT) Metro does not
# repeat, so its program opens again; and of Cancel, which comes after the end of the session, it tells an error whatever was lost. An application with
# an outbox sees no error at all: each call is answered, executed once, in order, and none is in doubt.
# Needs Rust, a JDK (17 or later), Maven and curl. Everything listens on 127.0.0.1 and is ended by this script.
#
#   ROLES="service client"              what of ours is killed
#   SCENARIOS="sc-rm10 sc-rm11 tls-rm10 tls-rm11"   RM 1.0 and 1.1 inside a secure conversation with Metro; the same after a TLS negotiation with ourselves
#   MOMENTS="before sent answered after"
#   STEPS="…"                           killed at one after the other in one run; see service_steps and client_steps
#   AWAY=1000 LANES=4                   so many runs side by side
set -euo pipefail
cd "$(dirname "$0")"
source ./lib.sh
away=${AWAY:-1000} lanes=${LANES:-4}
# Calls of a run, of a session of an outbox, and the pause before each, so that keys are renewed among them.
calls=${CALLS:-12} outbox_calls=${OUTBOX_CALLS:-40} round=${ROUND:-10} pause=${PAUSE:-300}
# The client renews its key when it is as old as this.
renewal=00:00:02
metro/build.sh
build_examples durable_calculator kill_at calculator_client
timeouts='openTimeout="00:02:00" sendTimeout="00:02:00" closeTimeout="00:02:00"'

service_steps() { # service_steps SCENARIO
  case $1 in
    tls*) echo "${STEPS:-leg1 leg2 context create call.3 renew call.8 close terminate cancel}" ;;
    *) echo "${STEPS:-context create call.3 call.8 close terminate cancel}" ;;
  esac
}

# Of an outbox: a session for each of the steps of the end. With ourselves each renewal begins with a negotiation of its own. Metro's client
# renews its key in a way that nobody but Metro can verify, so that the keys of a killed service are renewed with ourselves only.
client_steps() { # client_steps SCENARIO
  case $1 in
    tls*) echo "${STEPS:-leg1 leg2 leg1.4 leg2.5 context create Add.1 Note.1 renew renew.3 call.14 close terminate cancel}" ;;
    *) echo "${STEPS:-context create Add.1 Note.1 renew renew.3 call.14 close terminate cancel}" ;;
  esac
}

# Whether keys are renewed, which a custom binding says, since standard bindings cannot: how old a key becomes.
renews() { [[ $1 == tls* || $role == client ]]; } # renews SCENARIO

binding() { # binding SCENARIO
  local own="<localClientSettings sessionKeyRenewalInterval=\"$renewal\"/>"
  if renews "$1"; then
    custom_binding "$1" "$timeouts" | sed "s|<secureConversationBootstrap|$own&|"
  else
    echo "<$(standard "$1")><binding name=\"B\" $timeouts><reliableSession enabled=\"true\"/>$(security "$1")</binding></$(standard "$1")>"
  fi
}
section() { if renews "$1"; then echo customBinding; else standard "$1"; fi; } # section SCENARIO

row() { printf '%-9s %-8s %-9s %6s %6s %9s %7s  %-28s %6s\n' "$@"; }
record() { # record STATE: what came of a run, with everything that it has set
  row "$scenario" "$role" "$moment" "${killed:-0}" "$wanted" "$executed" "$errors" "$1" "$(($(date +%s) - began)) s" > "$work/row"
  [ "$1" = ok ] && return
  { tail -25 "$work/client.log"; echo "... the service:"; tail -15 "$work/service.log"; } | cut -c1-400 | sed 's/^/    /' > "$work/trouble"
}

# Counts what the numbers of a file say, one a line: executed, missing, twice, order.
count() { # count FILE CALLS
  awk -v calls="$2" '{ n++; if (seen[$1]++) twice++; if ($1 + 0 <= last + 0) broken = 1; last = $1 }
    END { missing = calls; for (i in seen) missing--; printf "executed %d missing %d twice %d order %s\n", n, missing, twice, broken ? "BROKEN" : "kept" }' "$1"
}

judge() {
  local kills
  executed=$(sed -n 's/executed \([0-9]*\).*/\1/p' <<< "$audit")
  killed=$(sed -n 's/^kills \([0-9]*\) left.*/\1/p' "$killer")
  kills=$(tr ',' '\n' <<< "$places" | grep -c .)
  if [ "$audit" != "executed $wanted missing 0 twice 0 order kept" ]; then
    record "FAILED: $audit"
  elif [ "$errors" != 0 ]; then
    record "FAILED: $errors errors"
  elif [ "${killed:-0}" != "$kills" ]; then
    record "FAILED: $killed of $kills kills"
  else
    record ok
  fi
}

# Our service is killed. Metro's client calls through the link, or ours: one without an outbox, which knows of no store.
service() {
  local port link status=0 pid
  wanted=$calls killer=$work/service.log
  port=$(free_port) link=$(free_port)
  service_config "$(section "$scenario")" "$(binding "$scenario")" "$port" http "$link"
  (trap - INT && exec "$bin/kill_at" "$link" "127.0.0.1:$port" "$away" "$places" "$bin/durable_calculator" service "$work/service.config" "$work/books.db" "$work/store.db") \
    > "$work/service.log" 2>&1 &
  pid=$!
  pids+=("$pid")
  ready "$work/service.log" "$pid" || return 1
  case $scenario in
    tls*)
      client_config "$(section "$scenario")" "$(binding "$scenario")" "$link"
      timeout --foreground 300 "$bin/calculator_client" "$work/client.config" "$calls" 1 "$pause" > "$work/client.log" 2>&1 || status=$?
      [ "$status" = 0 ] || errors=1
      ;;
    *)
      JAVA_OPTS="-Dquiet=true -Dopen.attempts=5 -Drm.ackrequest=60000 -Drm.close=5000" timeout --foreground 300 metro/peer.sh Call "$scenario" \
        "http://localhost:$link$path" "$calls" > "$work/client.log" 2>&1 || true
      errors=$(grep -cE '^(call [0-9]+|close) failed' "$work/client.log" || true)
      # Of Cancel Metro's close tells an error, though everything was done: also when the service is away since the answer before.
      case $places in *cancel:before* | *cancel:sent* | *cancel:answered* | *terminate:after*) if grep -q '^close failed' "$work/client.log"; then errors=$((errors - 1)); fi ;; esac
      ;;
  esac
  stop "$pid"
  audit=$("$bin/durable_calculator" audit "$work/books.db" "$calls") || true
  judge
}

# Our client is killed. Metro's service is behind the link, or ours.
client() {
  local port link status=0 pid
  wanted=$outbox_calls killer=$work/client.log
  port=$(free_port) link=$(free_port)
  client_config "$(section "$scenario")" "$(binding "$scenario")" "$port" "<clientVia viaUri=\"http://localhost:$link$path\"/>"
  # Metro loses the reply of a call that is repeated at the moment at which it is executed in its turn ("No registered fiber found"), and answers it never: with
  # one call at a time there are no turns.
  local window=1
  case $scenario in
    tls*)
      window=8
      service_config "$(section "$scenario")" "$(binding "$scenario")" "$port"
      # It ends when its input does.
      mkfifo "$work/input"
      "$bin/durable_calculator" service "$work/service.config" "$work/books.db" "$work/store.db" < "$work/input" > "$work/service.log" 2>&1 &
      exec 8> "$work/input"
      ;;
    *) JAVA_OPTS="-Dnotes=true" metro/peer.sh Serve "$scenario" "$port" > "$work/service.log" 2>&1 & ;;
  esac
  pid=$!
  pids+=("$pid")
  ready "$work/service.log" "$pid" || return 1
  began=$(date +%s)
  timeout --foreground 300 "$bin/kill_at" "$link" "127.0.0.1:$port" "$away" "$places" "$bin/durable_calculator" client "$work/client.config" "$work/answers.db" \
    "$work/outbox.db" "$outbox_calls" "$round" "$pause" "$window" > "$work/client.log" 2>&1 || status=$?
  [ "$status" = 0 ] || errors=1
  case $scenario in
    tls*) audit=$("$bin/durable_calculator" audit "$work/books.db" "$outbox_calls") || true ;;
    *)
      curl -s --max-time 20 "http://127.0.0.1:$port/operands" > "$work/operands"
      audit=$(count "$work/operands" "$outbox_calls")
      ;;
  esac
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  judge
}

# One run, in a folder and a process of its own.
run() { # run SCENARIO ROLE MOMENT NUMBER
  local scenario=$1 role=$2 moment=$3 step places='' wanted=0 executed=0 errors=0 killed=0 audit='' killer began
  pids=()
  work=$work/run-$4
  mkdir -p "$work"
  : > "$work/client.log" > "$work/service.log"
  began=$(date +%s)
  for step in $("${role}_steps" "$scenario"); do places="$places${places:+,}$step:$moment"; done
  "$role" || record "FAILED: nothing became ready"
  cat "$work/row"
  [ ! -e "$work/trouble" ] || cat "$work/trouble"
}

title() { row scenario killed moment kills calls executed errors result time; }
groups=()
trap 'for group in ${groups[@]+"${groups[@]}"}; do kill -- "-$group" 2>/dev/null || true; done; cleanup' EXIT
title
number=0
for scenario in ${SCENARIOS:-sc-rm10 sc-rm11 tls-rm10 tls-rm11}; do
  for role in ${ROLES:-service client}; do
    for moment in ${MOMENTS:-before sent answered after}; do
      while [ "$(jobs -rp | wc -l)" -ge "$lanes" ]; do wait -n || true; done
      # A group of its own, which is ended as one.
      set -m
      (run "$scenario" "$role" "$moment" "$number") &
      set +m
      groups+=("$!")
      number=$((number + 1))
    done
  done
done
wait || true
echo
failures=0
title
for ((run = 0; run < number; run++)); do
  cat "$work/run-$run/row" 2>/dev/null || echo "run $run did not end"
  if [ -e "$work/run-$run/trouble" ] || [ ! -e "$work/run-$run/row" ]; then
    failures=$((failures + 1))
  fi
done
[ "$failures" = 0 ]
