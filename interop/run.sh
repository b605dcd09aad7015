#!/usr/bin/env bash
# Our client against another stack's service, and its client against ours: every scenario CALLS times, as a table.
# Needs Rust, a JDK (17 or later) and Maven. Everything listens on 127.0.0.1 and is ended by this script.
#
#   PEERS="metro cxf"    Eclipse Metro, Apache CXF
#   SCENARIOS="…"        none mutual sc rm10 rm11 sc-rm10 sc-rm11, CXF also sc13
#   CALLS=100
set -euo pipefail
cd "$(dirname "$0")"
source ./lib.sh
calls=${CALLS:-100}
build_examples calculator_client calculator_service

scenarios() { # scenarios PEER
  case $1 in
    metro) echo "${SCENARIOS:-rm10 mutual sc sc-rm10 rm11 sc-rm11}" ;;
    cxf) echo "${SCENARIOS:-rm10 mutual sc sc-rm10 rm11 sc-rm11}" ;;
  esac
}

timeouts='openTimeout="00:00:30" sendTimeout="00:00:30" closeTimeout="00:00:30"'

# CXF judges the messages of reliable messaging by the policy of the whole binding; their signature is not encrypted.
signature_in_clear() { [ "$1" = cxf ] && [[ $2 == sc-rm* ]]; }

section() { if signature_in_clear "$@"; then echo customBinding; else standard "$2"; fi; }

binding() { # binding PEER SCENARIO
  local reliable=false
  if signature_in_clear "$@"; then
    custom_binding "$2" "$timeouts" 'messageProtectionOrder="SignBeforeEncrypt"'
    return
  fi
  shift
  case $1 in *rm1*) reliable=true ;; esac
  echo "<$(standard "$1")><binding name=\"B\" $timeouts><reliableSession enabled=\"$reliable\"/>$(security "$1")</binding></$(standard "$1")>"
}

failures=0
rows=()
record() { # record SCENARIO CLIENT SERVICE STATUS BEGIN LOG
  local state=ok
  if [ "$4" != 0 ]; then
    state="FAILED ($4)"
    failures=$((failures + 1))
    { head -12 "$6"; echo "..."; tail -20 "$6"; } | sed 's/^/    /'
  fi
  rows+=("$(printf '%-9s %-8s %-8s %6d  %-11s %6.1f s' "$1" "$2" "$3" "$calls" "$state" "$(python3 -c "import time; print(time.time() - $5)")")")
  echo "${rows[-1]}"
}

stop() { # stop PID
  kill "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

now() { date +%s.%N; }

# Starts a service and waits for it; then runs a client. Sets status and begin.
exchange() { # exchange SERVICE-COMMAND… -- CLIENT-COMMAND…
  local service=()
  while [ "$1" != -- ]; do
    service+=("$1")
    shift
  done
  shift
  "${service[@]}" > "$work/service.log" 2>&1 &
  local pid=$!
  pids+=("$pid")
  status=0
  begin=$(now)
  if ready "$work/service.log" "$pid"; then
    begin=$(now)
    timeout 300 "$@" > "$work/client.log" 2>&1 || status=$?
  else
    status=99
    : > "$work/client.log"
  fi
  [ "$status" = 0 ] || cat "$work/service.log" >> "$work/client.log"
  stop "$pid"
}

for peer in ${PEERS:-metro cxf}; do
  "$peer/build.sh"
  for scenario in $(scenarios "$peer"); do
    port=$(free_port)
    client_config "$(section "$peer" "$scenario")" "$(binding "$peer" "$scenario")" "$port"
    exchange "$peer/peer.sh" Serve "$scenario" "$port" -- "$bin/calculator_client" "$work/client.config" "$calls"
    record "$scenario" waxwing "$peer" "$status" "$begin" "$work/client.log"

    port=$(free_port)
    service_config "$(section "$peer" "$scenario")" "$(binding "$peer" "$scenario")" "$port"
    # Metro drops a request when an acknowledgement overtakes its reply, unless it asks for none in between.
    export JAVA_OPTS="-Dquiet=true -Drm.ackrequest=60000 -Drm.close=500"
    exchange "$bin/calculator_service" "$work/service.config" -- \
      "$peer/peer.sh" Call "$scenario" "http://localhost:$port$path" "$calls"
    unset JAVA_OPTS
    record "$scenario" "$peer" waxwing "$status" "$begin" "$work/client.log"
  done
done

echo
printf '%-9s %-8s %-8s %6s  %-11s %8s\n' scenario client service calls result time
printf '%s\n' "${rows[@]}"
[ "$failures" = 0 ]
