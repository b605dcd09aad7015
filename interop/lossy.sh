#!/usr/bin/env bash
# Waxwing and Metro in both roles through a link that loses messages each way: CALLS calls in one session per run, as a table.
# Needs Rust, a JDK (17 or later), Maven and curl. Everything listens on 127.0.0.1 and is ended by this script.
#
#   SCENARIOS="rm10 rm11 sc-rm11"   also sc-rm10; over TLS, where the link cuts connections: https-username-sc-rm10 and the like (losses below 25)
#   LOSSES="0 5 10 20 40"           percent of the requests, and of the responses, that are lost
#   PAIRS="WW WM MW MM"             client and service: W is Waxwing, M is Metro
#   CALLS=200 SEED=9                which messages are lost depends on the seed and on their number only
#   CALM=open                       the loss begins when the session is open; or a number of exchanges, 0 for all lossy
#   LIMIT=2400                      seconds that a run may take
#   LOGS=DIR                        keep each run's logs there
#
# Ends with 1 when an answer was wrong, a call was executed twice, or a call of ours stayed without its answer.
set -euo pipefail
cd "$(dirname "$0")"
source ./lib.sh
scenarios=(${SCENARIOS:-rm10 rm11 sc-rm11})
losses=(${LOSSES:-0 5 10 20 40})
pairs=(${PAIRS:-WW WM MW MM})
calls=${CALLS:-200} seed=${SEED:-9} limit=${LIMIT:-2400} calm=${CALM:-open}

metro/build.sh
build_examples calculator_client calculator_service lossy_link
timeouts='openTimeout="00:05:00" sendTimeout="00:30:00" closeTimeout="00:05:00" receiveTimeout="01:00:00"'

# The system-provided binding; from 25 % on a custom one, the same but for its MaxRetryCount, which only that can set:
# at 40 % each way an exchange succeeds with 0.36, and nine in a row fail with 0.64^9 = 1.8 % per call.
binding() { # binding SCENARIO LOSS
  if [ "$2" -ge 25 ]; then
    custom_binding "$1" "$timeouts" "" 'maxRetryCount="60" inactivityTimeout="01:00:00"'
    return
  fi
  echo "<$(section "$1" "$2")><binding name=\"B\" $timeouts><reliableSession enabled=\"true\" inactivityTimeout=\"01:00:00\"/>$(security "$1")</binding></$(section "$1" "$2")>"
}

section() { # section SCENARIO LOSS
  if [ "$2" -ge 25 ]; then echo customBinding; else standard "$1"; fi
}

field() { grep -o "$1[: ]*[0-9.]*" "$2" | tail -1 | grep -o '[0-9.]*$' || echo 0; }

# A client's run: sets status, right, wrong, seconds (of the calls, without the closing), closing.
run_waxwing() { # run_waxwing SCENARIO LOSS PORT LINK-PORT
  client_config "$(section "$1" "$2")" "$(binding "$1" "$2")" "$3" "<clientVia viaUri=\"$(scheme "$1")://localhost:$4$path\"/>" "$(scheme "$1")"
  timeout "$limit" "$bin/calculator_client" "$work/client.config" "$calls" > "$work/client.log" 2>&1 || status=$?
  # `200 calls in 1 sessions, 0 wrong, 1.23 s, with opening and closing 1.24 s, 163 calls/s`
  local all
  if ! read -r all wrong seconds < <(sed -nE 's/^([0-9]+) calls in .*, ([0-9]+) wrong, ([0-9.]+) s,.*/\1 \2 \3/p' "$work/client.log"); then
    all=0 wrong=0 seconds=-
  fi
  right=$((all - wrong))
  if [ "$all" -gt 0 ]; then closing=ok; fi
  if grep -q 'was not closed' "$work/client.log"; then closing=failed; fi
}

# Metro drops a request when an acknowledgement overtakes its reply, unless it asks for none in between.
run_metro() { # run_metro SCENARIO LOSS PORT LINK-PORT
  JAVA_OPTS="-Dquiet=true -Drm.ackrequest=60000 -Drm.close=500 -Dmax.failures=1000 -Dtrace=true" timeout "$limit" metro/peer.sh Call "$1" \
    "$(scheme "$1")://localhost:$4$path" "$calls" > "$work/client.log" 2>&1 || status=$?
  right=$(field 'DONE ok' "$work/client.log")
  wrong=$(grep -o 'wrong [0-9]*' "$work/client.log" | tail -1 | grep -o '[0-9]*' || echo 0)
  seconds=$(python3 -c "print($(field calls_ms "$work/client.log") / 1000)")
  closing=ok
  if grep -q 'close failed' "$work/client.log"; then closing=failed; fi
}

failures=0
run() { # run SCENARIO LOSS PAIR
  local port spare=$calm link_pid service_pid link address executed verdict=ok
  local status=0 right=0 wrong=0 seconds=- closing=-
  if [ "$spare" = open ]; then
    case $1 in *sc-*) spare=2 ;; *) spare=1 ;; esac
  fi
  port=$(free_port)
  local arguments=("127.0.0.1:$port" "$(python3 -c "print($2 / 100)")" "$seed" "$spare")
  case $1 in https*) arguments+=(tls) ;; esac
  "$bin/lossy_link" "${arguments[@]}" > "$work/link.log" 2>&1 &
  link_pid=$!
  pids+=("$link_pid")
  ready "$work/link.log" "$link_pid"
  link=$(sed -n 's/^READY .*://p' "$work/link.log")
  case $3 in
    ?W)
      # Metro has no via: to it the service has the link's address.
      if [ "$3" = WW ]; then address=$port; else address=$link; fi
      service_config "$(section "$1" "$2")" "$(binding "$1" "$2")" "$port" "$(scheme "$1")" "$address"
      "$bin/calculator_service" "$work/service.config" > "$work/service.log" 2>&1 &
      ;;
    ?M) metro/peer.sh Serve "$1" "$port" > "$work/service.log" 2>&1 & ;;
  esac
  service_pid=$!
  pids+=("$service_pid")
  ready "$work/service.log" "$service_pid"
  case $3 in
    W?) run_waxwing "$1" "$2" "$port" "$link" ;;
    M?) run_metro "$1" "$2" "$port" "$link" ;;
  esac
  stop "$link_pid"
  case $3 in
    ?W)
      stop "$service_pid"
      executed=$(field executed "$work/service.log")
      ;;
    ?M)
      executed=$(curl -sk --max-time 20 "$(scheme "$1")://127.0.0.1:$port/calls")
      kill "$service_pid" 2>/dev/null || true
      wait "$service_pid" 2>/dev/null || true
      ;;
  esac
  if [ "$wrong" -gt 0 ]; then verdict=WRONG; fi
  if [ "$executed" -gt "$calls" ]; then verdict=TWICE; fi
  if [ "$verdict" = ok ] && [ "$right" -lt "$calls" ]; then verdict=incomplete; fi
  case $verdict:$3 in ok:* | incomplete:MM) ;; *) failures=$((failures + 1)) ;; esac
  printf '| `%s` | %s | %s | %s | %s | %s | %s | %s | %s | %s / %s / %s | %s |\n' "$1" "$(name "${3:0:1}")" "$(name "${3:1:1}")" "$2 %" \
    "$right" "$wrong" "$executed" "$seconds" "$closing" "$(field '^requests' "$work/link.log")" "$(field lost_requests "$work/link.log")" \
    "$(field lost_responses "$work/link.log")" "$verdict"
  if [ -n "${LOGS:-}" ]; then
    mkdir -p "$LOGS/$1-$2-$3"
    cp "$work"/*.log "$LOGS/$1-$2-$3/"
  elif [ "$verdict" != ok ]; then
    sed 's/^/    /' "$work/client.log" | tail -20 >&2
  fi
  rm -f "$work"/*.log
}
name() { case $1 in W) echo Waxwing ;; M) echo Metro ;; esac; }

echo '| scenario | client | service | loss | right | wrong | executed | seconds | close | requests / lost / responses lost | |'
echo '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |'
for scenario in "${scenarios[@]}"; do
  for pair in "${pairs[@]}"; do
    for loss in "${losses[@]}"; do run "$scenario" "$loss" "$pair"; done
  done
done
[ "$failures" = 0 ]
