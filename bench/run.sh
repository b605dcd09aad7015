#!/usr/bin/env bash
# The whole scenario (secure conversation, reliable session) under load: Waxwing with Waxwing by message security and by TransportWithMessageCredential
# over HTTPS, and Metro with Metro by message security, in one run.
# bench/run.sh [SECONDS]: how long each measurement lasts, default 20. METRO=0 leaves Metro out. Prints calls per second and CPU time per call of client and service together.
# Needs Rust; for Metro a JDK (17 or later) and Maven. Timings depend on the machine and on what else runs: compare within one run only.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd .. && pwd)
seconds=${1:-20}
work=$(mktemp -d)
pids=()
cleanup() {
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap cleanup EXIT

(cd "$root" && cargo build -q --release -p waxwing --example calculator_client --example calculator_service)
bin=${CARGO_TARGET_DIR:-$root/target}/release/examples
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# User and system time of a process, in milliseconds.
cpu() { awk -v tick="$(getconf CLK_TCK)" '{print int(($14 + $15) * 1000 / tick)}' "/proc/$1/stat"; }
ready() { for _ in $(seq 600); do grep -q READY "$1" && return 0; sleep 0.1; done; return 1; }

pki=$root/testdata/pki
mkdir -p "$work/stores/Root" && cp "$pki/ca.cert.pem" "$work/stores/Root/"
files="<waxwing><certificates storeRoot=\"$work/stores\"><certificateFiles>
  <add findValue=\"alice\" certificate=\"$pki/alice.cert.pem\" key=\"$pki/alice.key.pem\"/>
  <add findValue=\"service\" certificate=\"$pki/service.cert.pem\" key=\"$pki/service.key.pem\"/></certificateFiles></certificates></waxwing>"
sections='<configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>'
check='<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>'
find='x509FindType="FindBySubjectName"'

# configure SCHEME MODE MESSAGE: writes service.config and client.config of a wsHttpBinding with a reliable session and a secure conversation.
configure() {
  local scheme=$1 mode=$2 message=$3
  local address=$scheme://localhost:$(free_port)/ServiceModelSamples/service
  local binding="<bindings><wsHttpBinding><binding name=\"B\"><reliableSession enabled=\"true\"/><security mode=\"$mode\">
  <message clientCredentialType=\"Certificate\" $message/></security></binding></wsHttpBinding></bindings>"
  cat > "$work/service.config" <<XML
<configuration>$sections<system.serviceModel><services><service name="Microsoft.ServiceModel.Samples.CalculatorService" behaviorConfiguration="S">
  <endpoint address="$address" binding="wsHttpBinding" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/></service></services>
  $binding<behaviors><serviceBehaviors><behavior name="S"><serviceCredentials><serviceCertificate findValue="service" $find/>
  <clientCertificate>$check</clientCertificate></serviceCredentials></behavior></serviceBehaviors></behaviors></system.serviceModel>$files</configuration>
XML
  cat > "$work/client.config" <<XML
<configuration>$sections<system.serviceModel><client><endpoint address="$address" binding="wsHttpBinding" bindingConfiguration="B" behaviorConfiguration="C"
  contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>$binding<behaviors><endpointBehaviors><behavior name="C"><clientCredentials>
  <clientCertificate findValue="alice" $find/><serviceCertificate><defaultCertificate findValue="service" $find/>$check</serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors></system.serviceModel>$files</configuration>
XML
}

# measure NAME: a service and its clients by the configuration that was written last.
measure() {
  local name=$1 service sessions rate calls before after times
  "$bin/calculator_service" "$work/service.config" > "$work/service.log" 2>&1 &
  service=$!
  pids+=("$service")
  ready "$work/service.log" || { cat "$work/service.log"; exit 1; }
  for sessions in 1 8; do
    # A short run tells how many calls fill the time.
    rate=$("$bin/calculator_client" "$work/client.config" 2000 "$sessions" | sed 's/.* \([0-9]*\) calls\/s/\1/')
    calls=$((rate * seconds / sessions * sessions))
    before=$(cpu "$service")
    times=$( { TIMEFORMAT='%U %S'; time "$bin/calculator_client" "$work/client.config" "$calls" "$sessions" > "$work/client.log"; } 2>&1)
    after=$(cpu "$service")
    rate=$(sed 's/.* \([0-9]*\) calls\/s/\1/' "$work/client.log")
    python3 - "$name" "$sessions" "$calls" "$rate" "$times" "$((after - before))" <<'PY'
import sys
name, sessions, calls, rate, times, service = sys.argv[1:]
client = sum(float(t) for t in times.split()) * 1000
print(f"{name:16} {sessions:>8} {calls:>10} {rate:>14} {(client + float(service)) / int(calls):16.3f}")
PY
  done
  kill "$service"
}

printf '%-16s %8s %10s %14s %16s\n' stack sessions calls 'calls/s' 'CPU ms per call'
configure http Message 'negotiateServiceCredential="false"'
measure 'Waxwing message'
configure https TransportWithMessageCredential ''
measure 'Waxwing https'

[ "${METRO:-1}" = 1 ] || exit 0
metro=../interop/metro
"$metro/build.sh"
port=$(free_port)
"$metro/peer.sh" Serve sc-rm10 "$port" > "$work/metro.log" 2>&1 &
service=$!
pids+=("$service")
ready "$work/metro.log"
for sessions in 1 8; do
  # The virtual machines need a minute of load to be warm.
  JAVA_OPTS="-Dserver.pid=$service" "$metro/peer.sh" Bench sc-rm10 "http://localhost:$port/ServiceModelSamples/service" "$sessions" "${WARMUP:-60}" "$seconds" 1 \
    > "$work/metro-client.log"
  python3 - "$work/metro-client.log" <<'PY'
import re, sys
text = open(sys.argv[1]).read()
found = dict(re.findall(r"(\w+) ([0-9.]+)", next(line for line in text.splitlines() if " round " in line)))
cpu = float(found["client_cpu_ms_per_call"]) + float(found["server_cpu_ms_per_call"])
print(f"{'Metro message':16} {found['sessions']:>8} {found['calls']:>10} {float(found['calls_per_s']):14.0f} {cpu:16.3f}")
PY
done
