#!/usr/bin/env bash
# Our client against Metro's service, and Metro's client against ours: every scenario CALLS times, as a table.
# Needs Rust, a JDK (17 or later) and Maven. Everything listens on 127.0.0.1 and is ended by this script.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd .. && pwd)
calls=${CALLS:-100}
scenarios=(${SCENARIOS:-rm10 mutual sc sc-rm10 rm11 sc-rm11})
work=$(mktemp -d)
pids=()
cleanup() {
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

metro/build.sh
(cd "$root" && cargo build -q --release -p waxwing --example calculator_client --example calculator_service)
bin=${CARGO_TARGET_DIR:-$root/target}/release/examples

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# The binding of a scenario.
binding() { # binding SCENARIO
  local section=wsHttpBinding reliable=false security='<security mode="None"/>' certificate
  certificate='<security mode="Message"><message clientCredentialType="Certificate" negotiateServiceCredential="false" establishSecurityContext="SC"/></security>'
  case $1 in *rm11*) section=ws2007HttpBinding ;; esac
  case $1 in *rm1*) reliable=true ;; esac
  case $1 in sc*) security=${certificate/SC/true} ;; mutual*) security=${certificate/SC/false} ;; esac
  echo "<$section><binding name=\"B\" openTimeout=\"00:00:30\" sendTimeout=\"00:00:30\" closeTimeout=\"00:00:30\"><reliableSession enabled=\"$reliable\"/>$security</binding></$section>"
}

section() { case $1 in *rm11*) echo ws2007HttpBinding ;; *) echo wsHttpBinding ;; esac; }

pki=$root/testdata/pki
files="<waxwing><certificates storeRoot=\"$work/stores\"><certificateFiles>
  <add findValue=\"alice\" certificate=\"$pki/alice.cert.pem\" key=\"$pki/alice.key.pem\"/>
  <add findValue=\"service\" certificate=\"$pki/service.cert.pem\" key=\"$pki/service.key.pem\"/>
</certificateFiles></certificates></waxwing>"
mkdir -p "$work/stores/Root" && cp "$pki/ca.cert.pem" "$work/stores/Root/"
check='<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>'
find='x509FindType="FindBySubjectName"'
sections='<configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>'

client_config() { # client_config SCENARIO PORT
  cat > "$work/client.config" <<XML
<configuration>$sections<system.serviceModel>
  <client><endpoint address="http://localhost:$2/ServiceModelSamples/service" binding="$(section "$1")" bindingConfiguration="B"
    behaviorConfiguration="C" contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>
  <bindings>$(binding "$1")</bindings>
  <behaviors><endpointBehaviors><behavior name="C"><clientCredentials><clientCertificate findValue="alice" $find/>
    <serviceCertificate><defaultCertificate findValue="service" $find/>$check</serviceCertificate></clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel>$files</configuration>
XML
}

service_config() { # service_config SCENARIO PORT
  cat > "$work/service.config" <<XML
<configuration>$sections<system.serviceModel>
  <services><service name="Microsoft.ServiceModel.Samples.CalculatorService" behaviorConfiguration="S">
    <endpoint address="http://localhost:$2/ServiceModelSamples/service" binding="$(section "$1")" bindingConfiguration="B"
      contract="Microsoft.ServiceModel.Samples.ICalculator"/></service></services>
  <bindings>$(binding "$1")</bindings>
  <behaviors><serviceBehaviors><behavior name="S"><serviceCredentials><serviceCertificate findValue="service" $find/>
    <clientCertificate>$check</clientCertificate></serviceCredentials></behavior></serviceBehaviors></behaviors>
</system.serviceModel>$files</configuration>
XML
}

# Waits for a line READY in a file.
ready() { # ready FILE PID
  for _ in $(seq 300); do
    grep -q READY "$1" && return 0
    kill -0 "$2" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

failures=0
rows=()
record() { # record SCENARIO CLIENT SERVICE STATUS SECONDS LOG
  local state=ok
  if [ "$4" != 0 ]; then
    state="FAILED ($4)"
    failures=$((failures + 1))
    sed 's/^/    /' "$6" | tail -30
  fi
  rows+=("$(printf '%-9s %-8s %-8s %6d  %-11s %6.1f s' "$1" "$2" "$3" "$calls" "$state" "$5")")
  echo "${rows[-1]}"
}

seconds() { python3 -c "print(f'{$2 - $1:.1f}')"; }
now() { date +%s.%N; }

for scenario in "${scenarios[@]}"; do
  port=$(free_port)
  metro/peer.sh Serve "$scenario" "$port" > "$work/service.log" 2>&1 &
  pid=$!
  pids+=("$pid")
  client_config "$scenario" "$port"
  status=0
  begin=$(now)
  if ready "$work/service.log" "$pid"; then
    begin=$(now)
    timeout 300 "$bin/calculator_client" "$work/client.config" "$calls" > "$work/client.log" 2>&1 || status=$?
  else
    status=99
    cp "$work/service.log" "$work/client.log"
  fi
  record "$scenario" Waxwing Metro "$status" "$(seconds "$begin" "$(now)")" "$work/client.log"
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true

  port=$(free_port)
  service_config "$scenario" "$port"
  "$bin/calculator_service" "$work/service.config" > "$work/service.log" 2>&1 &
  pid=$!
  pids+=("$pid")
  status=0
  begin=$(now)
  if ready "$work/service.log" "$pid"; then
    begin=$(now)
    # Metro drops a request when an acknowledgement overtakes its reply, unless it asks for none in between.
    JAVA_OPTS="-Dquiet=true -Drm.ackrequest=60000 -Drm.close=500" timeout 300 metro/peer.sh Call "$scenario" \
      "http://localhost:$port/ServiceModelSamples/service" "$calls" > "$work/client.log" 2>&1 || status=$?
    cat "$work/service.log" >> "$work/client.log"
  else
    status=99
    cp "$work/service.log" "$work/client.log"
  fi
  record "$scenario" Metro Waxwing "$status" "$(seconds "$begin" "$(now)")" "$work/client.log"
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
done

echo
printf '%-9s %-8s %-8s %6s  %-11s %8s\n' scenario client service calls result time
printf '%s\n' "${rows[@]}"
[ "$failures" = 0 ]
