#!/usr/bin/env bash
# The whole scenario (secure conversation, reliable session) under load: a program that does only what cannot be left out of one such call
# (crates/waxwing/examples/limit.rs), Waxwing with Waxwing by message security, the same with the service's sessions
# in a SQLite store, by TransportWithMessageCredential over HTTPS; over net.tcp without anything, with a reliable session, with TLS, with message security;
# and Metro with Metro by message security, in one run. Then what the disk itself can do: records of 2 KB appended to a file, one or 8 before each fdatasync.
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

(cd "$root" && cargo build -q --release -p waxwing --example calculator_client --example calculator_service --example limit)
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

# configure BINDING SCHEME RELIABLE SECURITY [STORE]: writes service.config and client.config; SECURITY is the binding's element, STORE one for <waxwing> of
# the service.
configure() {
  local binding=$1 scheme=$2 reliable=$3 security=$4 store=${5:-}
  local address=$scheme://localhost:$(free_port)/ServiceModelSamples/service
  local bindings="<bindings><$binding><binding name=\"B\"><reliableSession enabled=\"$reliable\"/>$security</binding></$binding></bindings>"
  cat > "$work/service.config" <<XML
<configuration>$sections<system.serviceModel><services><service name="Microsoft.ServiceModel.Samples.CalculatorService" behaviorConfiguration="S">
  <endpoint address="$address" binding="$binding" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/></service></services>
  $bindings<behaviors><serviceBehaviors><behavior name="S"><serviceCredentials><serviceCertificate findValue="service" $find/>
  <clientCertificate>$check</clientCertificate></serviceCredentials></behavior></serviceBehaviors></behaviors></system.serviceModel>${files/<waxwing>/<waxwing>$store}</configuration>
XML
  cat > "$work/client.config" <<XML
<configuration>$sections<system.serviceModel><client><endpoint address="$address" binding="$binding" bindingConfiguration="B" behaviorConfiguration="C"
  contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>$bindings<behaviors><endpointBehaviors><behavior name="C"><clientCredentials>
  <clientCertificate findValue="alice" $find/><serviceCertificate><defaultCertificate findValue="service" $find/>$check</serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors></system.serviceModel>$files</configuration>
XML
}

# The programs that are measured; @ is the address that the service says.
serve=("$bin/calculator_service" "$work/service.config")
call=("$bin/calculator_client" "$work/client.config")

# measure NAME: a service and its clients by the configuration that was written last.
measure() {
  local name=$1 service sessions rate calls before after times address
  # What the service before has said must not count.
  : > "$work/service.log"
  "${serve[@]}" > "$work/service.log" 2>&1 &
  service=$!
  pids+=("$service")
  ready "$work/service.log" || { cat "$work/service.log"; exit 1; }
  address=$(sed -n 's/^READY //p' "$work/service.log")
  for sessions in $counts; do
    # A short run tells how many calls fill the time.
    rate=$("${call[@]/#@/$address}" 2000 "$sessions" | sed 's/.* \([0-9]*\) calls\/s/\1/')
    calls=$((rate * seconds / sessions * sessions))
    before=$(cpu "$service")
    times=$( { TIMEFORMAT='%U %S'; time "${call[@]/#@/$address}" "$calls" "$sessions" > "$work/client.log"; } 2>&1)
    after=$(cpu "$service")
    rate=$(sed 's/.* \([0-9]*\) calls\/s/\1/' "$work/client.log")
    python3 - "$name" "$sessions" "$calls" "$rate" "$times" "$((after - before))" <<'PY'
import sys
name, sessions, calls, rate, times, service = sys.argv[1:]
client = sum(float(t) for t in times.split()) * 1000
print(f"{name:18} {sessions:>8} {calls:>10} {rate:>12} {(client + float(service)) * 1000 / int(calls):16.1f}")
PY
  done
  kill "$service"
}

counts="1 8"
# WHAT="tcp http" (all by default): which of them are measured.
measures() { [[ " ${WHAT:-limit http durable https tcp disk} " == *" $1 "* ]]; }
by_certificate='<security mode="Message"><message clientCredentialType="Certificate" negotiateServiceCredential="false"/></security>'
printf '%-18s %8s %10s %12s %16s\n' stack sessions calls 'calls/s' 'CPU us per call'
if measures limit; then
  serve=("$bin/limit" serve) call=("$bin/limit" call @)
  measure 'limit'
  serve=("$bin/calculator_service" "$work/service.config") call=("$bin/calculator_client" "$work/client.config")
fi
if measures http; then
  configure wsHttpBinding http true "$by_certificate"
  measure 'wsHttp message'
fi
if measures durable; then
  configure wsHttpBinding http true "$by_certificate" "<store provider=\"sqlite\" path=\"$work/sessions.db\"/>"
  counts="1 8 64" measure 'wsHttp durable'
fi
if measures https; then
  configure wsHttpBinding https true '<security mode="TransportWithMessageCredential"><message clientCredentialType="Certificate"/></security>'
  measure 'wsHttp https'
fi
if measures tcp; then
  configure netTcpBinding net.tcp false '<security mode="None"/>'
  measure 'net.tcp'
  configure netTcpBinding net.tcp true '<security mode="None"/>'
  measure 'net.tcp RM'
  configure netTcpBinding net.tcp true '<security mode="Transport"><transport clientCredentialType="None"/></security>'
  measure 'net.tcp RM TLS'
  configure netTcpBinding net.tcp true '<security mode="Message"><message clientCredentialType="Certificate"/></security>'
  measure 'net.tcp RM message'
fi

# What no store on this disk can exceed.
measures disk && python3 - "$work/raw" "$seconds" <<'PY'
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
    print(f"{'append+fdatasync':18} {group:>8} {records:>10} {records / (time.monotonic() - begun):12.0f} {'-':>16}")
PY

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
print(f"{'Metro message':18} {found['sessions']:>8} {found['calls']:>10} {float(found['calls_per_s']):12.0f} {cpu * 1000:16.1f}")
PY
done
