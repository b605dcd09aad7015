#!/usr/bin/env bash
# Our https service as openssl and curl see it: the versions of TLS, and how it takes a request that asks whether to send its body.
# Needs Rust, curl and openssl. Everything listens on 127.0.0.1 and is ended by this script.
set -euo pipefail
cd "$(dirname "$0")"
source ./lib.sh
build_examples calculator_service
port=$(free_port)
service_config wsHttpBinding "<wsHttpBinding><binding name=\"B\">$(security https)</binding></wsHttpBinding>" "$port" https
"$bin/calculator_service" "$work/service.config" > "$work/service.log" 2>&1 &
pids+=("$!")
ready "$work/service.log" "$!"

failures=0
check() { # check WHAT COMMAND…
  local what=$1
  shift
  if "$@" > "$work/check.log" 2>&1; then
    echo "ok      $what"
  else
    echo "FAILED  $what"
    sed 's/^/    /' "$work/check.log"
    failures=$((failures + 1))
  fi
}

# What openssl says of a handshake. At this security level it offers the old versions, so that it is the service that refuses.
handshake() { # handshake ARGUMENT…
  openssl s_client -connect "localhost:$port" -servername localhost -CAfile "$pki/ca.cert.pem" -verify_hostname localhost \
    -verify_return_error -cipher 'DEFAULT:@SECLEVEL=0' "$@" < /dev/null
}
# Runs a command, prints what it says, and looks for something in it.
says() { # says PATTERN COMMAND…
  local pattern=$1
  shift
  "$@" > "$work/said" 2>&1 || true
  cat "$work/said"
  grep -q "$pattern" "$work/said"
}
accepts() { says "^New, TLSv1.[23], Cipher is [^(]" handshake "-$1"; } # accepts VERSION
refuses() { says 'alert protocol version' handshake "-$1"; }           # refuses VERSION
for version in tls1_2 tls1_3; do check "accepts $version" accepts "$version"; done
for version in tls1 tls1_1; do check "refuses $version" refuses "$version"; done

message() {
  cat <<XML
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">http://Microsoft.ServiceModel.Samples/ICalculator/Add</a:Action><a:MessageID>urn:uuid:0a2d1dc2-8b64-4c6a-9a3c-6a3f1c1f2a11</a:MessageID>
<a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><a:To s:mustUnderstand="1">https://localhost:$port$path</a:To>
</s:Header><s:Body><Add xmlns="http://Microsoft.ServiceModel.Samples"><n1>100</n1><n2>15.99</n2></Add></s:Body></s:Envelope>
XML
}

# Calls by curl, which speaks HTTP/1.1 here and knows no other authority than the test's.
call() { # call ARGUMENT…
  curl -sv --http1.1 --cacert "$pki/ca.cert.pem" -H 'Content-Type: application/soap+xml; charset=utf-8' --max-time 20 "$@" "https://localhost:$port$path"
}
answered() { grep -q '<AddResult>115.99</AddResult>' "$work/answer"; }

# curl would wait longer for the interim response than the whole call may take: without one it sends nothing.
continued() { # continued ARGUMENT…
  says '^< HTTP/1.1 100' call -H 'Expect: 100-continue' --expect100-timeout 60 -o "$work/answer" "$@" && answered
}
whole() { continued --data-binary "$(message)"; }
# The body comes in three parts, by and by.
slow() { { message | head -c 200; sleep 1; message | tail -c +201 | head -c 300; sleep 1; message | tail -c +501; } | continued -X POST -T -; }
check "answers 100 Continue, then the call" whole
check "answers 100 Continue, then a call with a slow body" slow

# What is too long to be read is refused before it is sent.
refused() {
  says '^< HTTP/1.1 4' call -o "$work/answer" -H 'Expect: 100-continue' --expect100-timeout 60 -H 'Content-Length: 99999999999' --data-binary x &&
    ! grep -q '^< HTTP/1.1 100' "$work/said"
}
check "refuses a body that is too long without asking for it" refused

twice() {
  says '[Rr]e-using existing connection' call -o "$work/answer" -o "$work/answer2" --data-binary "$(message)" "https://localhost:$port$path" && answered
}
check "keeps a connection for the next call" twice
[ "$failures" = 0 ]
