#!/usr/bin/env bash
# Our client against another stack's service, and its client against ours: every scenario CALLS times, as a table; then tls.sh.
# Needs Rust, a JDK (17 or later), Maven, curl and openssl. Everything listens on 127.0.0.1 and is ended by this script.
#
#   PEERS="metro cxf"    Eclipse Metro, Apache CXF
#   SCENARIOS="…"        none mutual sc rm10 rm11 sc-rm10 sc-rm11, CXF also sc13, Metro also asym and asym-rm10 (WS-Security 1.0),
#                        sc-rm10-renewed and sc-rm11-renewed (our client renews its key every second);
#                        over TLS: https, https-rm10, https-rm11, and https- with username or cert, then -sc, then -rm10 or -rm11
#   CALLS=100
#   LOSS=3               percent of the requests, and of the responses, that a link loses below TLS in scenarios with https and rm, but not with cert
set -euo pipefail
cd "$(dirname "$0")"
source ./lib.sh
calls=${CALLS:-100} loss=${LOSS:-3}
build_examples calculator_client calculator_service lossy_link
export CALCULATOR_USER=alice CALCULATOR_PASSWORD=secret

scenarios() { # scenarios PEER
  local both="rm10 mutual sc sc-rm10 rm11 sc-rm11"
  case $1 in
    metro)
      echo "${SCENARIOS:-$both sc-rm10-renewed sc-rm11-renewed asym asym-rm10 https-username https-cert https-username-sc-rm10 https-username-sc-rm11 https-cert-sc-rm10 https-cert-sc-rm11}"
      ;;
    cxf) echo "${SCENARIOS:-$both https-username https-cert https-username-sc-rm11}" ;;
  esac
}

# Which scenarios run through a link that loses messages. The first exchanges open the session: Metro does not repeat them.
# What is lost is found again by timers of seconds. They are the same whatever credential opened the session, so certificates run calm.
lossy() { [ "$loss" -gt 0 ] && [[ $1 == https*rm1* && $1 != *cert* ]]; } # lossy SCENARIO
calm=3

timeouts='openTimeout="00:00:30" sendTimeout="00:00:30" closeTimeout="00:00:30"'

# CXF judges the messages of reliable messaging by the policy of the whole binding; their signature is not encrypted.
signature_in_clear() { [ "$1" = cxf ] && [[ $2 == sc-rm* ]]; }

# What only a custom binding can say: certificates with WS-Security 1.0, reliable messaging over nothing but TLS, how old a key becomes.
custom() { [[ $1 == asym* || $1 == https-rm* || $1 == *-renewed ]]; } # custom SCENARIO

# Milliseconds before each call, so that keys are renewed among them.
pause() { case $1 in *-renewed) echo 40 ;; *) echo 0 ;; esac; } # pause SCENARIO

section() { if signature_in_clear "$@" || custom "$2"; then echo customBinding; else standard "$2"; fi; }

binding() { # binding PEER SCENARIO
  local reliable=false
  if signature_in_clear "$@"; then
    custom_binding "$2" "$timeouts" 'messageProtectionOrder="SignBeforeEncrypt"'
    return
  fi
  if custom "$2"; then
    local own=''
    case $2 in *-renewed) own='<localClientSettings sessionKeyRenewalInterval="00:00:01"/>' ;; esac
    custom_binding "$2" "$timeouts" 'messageProtectionOrder="SignBeforeEncryptAndEncryptSignature"' | sed "s|<secureConversationBootstrap|$own&|"
    return
  fi
  shift
  case $1 in *rm1*) reliable=true ;; esac
  echo "<$(standard "$1")><binding name=\"B\" $timeouts><reliableSession enabled=\"$reliable\"/>$(security "$1")</binding></$(standard "$1")>"
}

failures=0
rows=()
record() { # record SCENARIO CLIENT SERVICE
  local state=ok lost=-
  if [ "$status" != 0 ]; then
    state="FAILED ($status)"
  elif [ "$executed" != "$calls" ]; then
    state="FAILED"
  fi
  if [ -n "$link_pid" ]; then
    lost="$(field lost_requests "$work/link.log")+$(field lost_responses "$work/link.log")"
    # What was never lost proves nothing.
    if [ "$state" = ok ] && [ "$lost" = 0+0 ]; then state="FAILED (no loss)"; fi
  fi
  # Metro tells of each context that it looks up for a renewal; what was never renewed proves nothing.
  if [[ $state == ok && $1 == *-renewed ]] && ! grep -q 'isExpired >>> true' "$work/service.log"; then state="FAILED (no renewal)"; fi
  if [ "$state" != ok ]; then
    failures=$((failures + 1))
    { head -12 "$work/client.log"; echo "..."; tail -20 "$work/client.log"; echo "... the service:"; tail -20 "$work/service.log"; } | sed 's/^/    /'
  fi
  rows+=("$(printf '%-23s %-8s %-8s %6d %9s %7s  %-16s %6.1f s' "$1" "$2" "$3" "$calls" "$executed" "$lost" "$state" "$(python3 -c "import time; print(time.time() - $began)")")")
  echo "${rows[-1]}"
}

field() { grep -o "$1[: ]*[0-9]*" "$2" | tail -1 | grep -o '[0-9]*$' || echo 0; }

now() { date +%s.%N; }

# Begins a program that says READY, in the background; sets pid.
begin() { # begin LOG COMMAND…
  local log=$1
  shift
  # What an earlier program said must be gone before anybody waits for this one.
  : > "$log"
  # A program in the background ignores interruptions unless it is told not to.
  (trap - INT && exec "$@") > "$log" 2>&1 &
  pid=$!
  pids+=("$pid")
}

# A link to the service's port; sets link (its port) and link_pid.
link() { # link PORT
  begin "$work/link.log" "$bin/lossy_link" "127.0.0.1:$1" "$(python3 -c "print($loss / 100)")" 9 "$calm" tls
  link_pid=$pid
  ready "$work/link.log" "$pid"
  link=$(sed -n 's/^READY .*://p' "$work/link.log")
}

# Waits for the service that began last, then runs a client against it. Sets status, began and executed.
exchange() { # exchange CLIENT-COMMAND…
  status=0 executed=0
  began=$(now)
  if ready "$work/service.log" "$pid"; then
    began=$(now)
    timeout 300 "$@" > "$work/client.log" 2>&1 || status=$?
  else
    status=99
    : > "$work/client.log"
  fi
  stop "$pid"
  executed=$(field executed "$work/service.log")
  if [ -n "$link_pid" ]; then stop "$link_pid"; fi
}

ours_to_theirs() { # ours_to_theirs PEER SCENARIO
  local port via=''
  port=$(free_port)
  link_pid=
  # CXF's service keeps no reply: it executes a request again when the reply was lost, or with EXACTLY_ONCE never answers it.
  if lossy "$2" && [ "$1" != cxf ]; then
    link "$port"
    via="<clientVia viaUri=\"https://localhost:$link$path\"/>"
  fi
  client_config "$(section "$1" "$2")" "$(binding "$1" "$2")" "$port" "$via" "$(scheme "$2")"
  begin "$work/service.log" "$1/peer.sh" Serve "$2" "$port"
  exchange "$bin/calculator_client" "$work/client.config" "$calls" 1 "$(pause "$2")"
  record "$2" waxwing "$1"
}

# Through a link the other stack has no via: our service has the link's address, and listens at its own.
theirs_to_ours() { # theirs_to_ours PEER SCENARIO
  local port link=
  port=$(free_port)
  link_pid=
  if lossy "$2"; then link "$port"; fi
  service_config "$(section "$1" "$2")" "$(binding "$1" "$2")" "$port" "$(scheme "$2")" "$link"
  begin "$work/service.log" "$bin/calculator_service" "$work/service.config"
  # Metro drops a request when an acknowledgement overtakes its reply, unless it asks for none in between.
  export JAVA_OPTS="-Dquiet=true -Drm.ackrequest=60000 -Drm.close=500"
  exchange "$1/peer.sh" Call "$2" "$(scheme "$2")://localhost:${link:-$port}$path" "$calls"
  unset JAVA_OPTS
  record "$2" "$1" waxwing
}

for peer in ${PEERS:-metro cxf}; do
  "$peer/build.sh"
  for scenario in $(scenarios "$peer"); do
    ours_to_theirs "$peer" "$scenario"
    # Metro's client proves a renewal by a signature that has no transform and covers octets which stand nowhere in the message: only Metro takes it.
    case $scenario in *-renewed) ;; *) theirs_to_ours "$peer" "$scenario" ;; esac
  done
done

echo
printf '%-23s %-8s %-8s %6s %9s %7s  %-16s %8s\n' scenario client service calls executed lost result time
printf '%s\n' "${rows[@]}"

./tls.sh || failures=$((failures + 1))
[ "$failures" = 0 ]
