#!/usr/bin/env bash
# Others read the WSDL that our services serve, in both forms, and call by it: zeep, Metro's wsimport, CXF's wsdl2java; Metro also calls a service
# with a reliable session and a secure conversation by the WSDL as it is served. Needs Rust, a JDK (17 or later), Maven, Python 3, curl and openssl.
set -euo pipefail
cd "$(dirname "$0")"
source ./lib.sh
build_examples calculator_service kinds_service
readers/build.sh
metro/build.sh
calls=${CALLS:-100}
failures=0

report() { # report STATUS WHAT…
  local state=ok status=$1
  shift
  if [ "$status" != 0 ]; then
    state=FAILED
    failures=$((failures + 1))
    tail -20 "$work/reader.log" | sed 's/^/    /'
  fi
  printf '%-60s %s\n' "$*" "$state"
}

try() { # try WHAT COMMAND…
  local what=$1 status=0
  shift
  timeout 300 "$@" > "$work/reader.log" 2>&1 || status=$?
  report "$status" "$what"
}

# Begins a program that says READY, in the background; sets pid.
begin() { # begin LOG COMMAND…
  local log=$1
  shift
  : > "$log"
  (trap - INT && exec "$@") > "$log" 2>&1 &
  pid=$!
  pids+=("$pid")
  ready "$log" "$pid"
}

# The calculator with this binding at the base address, and what more there is; tells of itself.
calculator() { # calculator NAME PORT BINDING [MORE-ENDPOINTS]
  cat > "$work/$1.config" <<XML
<configuration>$sections<system.serviceModel>
  <services><service name="Microsoft.ServiceModel.Samples.CalculatorService" behaviorConfiguration="S">
    <host><baseAddresses><add baseAddress="http://localhost:$2/calc"/></baseAddresses></host>
    <endpoint address="" binding="wsHttpBinding" bindingConfiguration="B" contract="$contract"/>${4:-}
    <endpoint address="mex" binding="mexHttpBinding" contract="IMetadataExchange"/></service></services>
  <bindings><wsHttpBinding><binding name="B">$3</binding></wsHttpBinding></bindings>
  <behaviors><serviceBehaviors><behavior name="S"><serviceMetadata httpGetEnabled="true"/>
    <serviceCredentials><serviceCertificate findValue="service" $find/><clientCertificate>$check</clientCertificate></serviceCredentials>
  </behavior></serviceBehaviors></behaviors>
</system.serviceModel>$files</configuration>
XML
  begin "$work/$1.log" "$bin/calculator_service" "$work/$1.config"
}

wsimport() { # wsimport URL
  rm -rf "$work/wsimport" && mkdir "$work/wsimport"
  java -cp 'readers/metro/target/lib/*' com.sun.tools.ws.WsImport -quiet -extension -keep -d "$work/wsimport" "$1"
  # It tells of errors, and may end well all the same.
  find "$work/wsimport" -name '*Service.class' | grep -q .
}

wsdl2java() { # wsdl2java URL
  rm -rf "$work/wsdl2java" && mkdir "$work/wsdl2java"
  java -cp 'readers/cxf/target/lib/*' org.apache.cxf.tools.wsdlto.WSDLToJava -quiet -d "$work/wsdl2java" "$1"
  find "$work/wsdl2java" -name '*Service.java' | grep -q .
}
export -f wsimport wsdl2java
export work

plain=$(free_port)
calculator plain "$plain" '<security mode="None"/>' "<endpoint address=\"basic\" binding=\"basicHttpBinding\" contract=\"$contract\"/>"
kinds=$(free_port)
begin "$work/kinds.log" "$bin/kinds_service" "http://localhost:$kinds/kinds"
secure=$(free_port)
calculator secure "$secure" "<reliableSession enabled=\"true\"/>$(security sc-rm10)"

for form in wsdl singleWsdl; do
  for service in "calculator http://localhost:$plain/calc" "kinds http://localhost:$kinds/kinds" "secure http://localhost:$secure/calc"; do
    url="${service#* }?$form"
    try "wsimport reads ?$form of ${service%% *}" bash -c "set -e; wsimport '$url'"
    try "wsdl2java reads ?$form of ${service%% *}" bash -c "set -e; wsdl2java '$url'"
  done
  try "zeep reads ?$form and calls" readers/zeep/target/environment/bin/python readers/calls.py "http://localhost:$plain/calc?$form" "http://localhost:$kinds/kinds?$form"
  try "Metro calls by ?$form, without security" metro/peer.sh FromWsdl none "http://localhost:$plain/calc?$form" WSHttpBinding_ICalculator "$calls"
  try "Metro calls by ?$form, reliable session, secure conversation" metro/peer.sh FromWsdl sc-rm10 "http://localhost:$secure/calc?$form" WSHttpBinding_ICalculator "$calls"
done
# What this service executed was all asked for by its own WSDL.
stop "$pid"
executed=$(grep -o 'executed: [0-9]*' "$work/secure.log" | grep -o '[0-9]*$' || echo 0)
status=0
[ "$executed" = $((2 * calls)) ] || status=1
cp "$work/secure.log" "$work/reader.log"
report "$status" "executed $executed calls of $((2 * calls))"
exit "$failures"
