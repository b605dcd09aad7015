#!/usr/bin/env bash
# Runs one program of the Metro peer: peer.sh Serve SCENARIO PORT | Call SCENARIO URL N | Bench SCENARIO URL SESSIONS WARMUP SECONDS ROUNDS
# JAVA_OPTS adds JVM flags, for example -Duser=bob or -Drm.ackrequest=60000.
set -euo pipefail
cd "$(dirname "$0")"
./build.sh
program=$1
shift
# retryPost: the JDK's client would repeat a POST by itself, below WS-ReliableMessaging. nodelay: without it the JDK's server waits for delayed acknowledgements.
# shellcheck disable=SC2086
exec java -Xmx1g -Djava.net.preferIPv4Stack=true -Dsun.net.http.retryPost=false -Dsun.net.httpserver.nodelay=true \
  -Djava.util.logging.config.file=logging.properties ${JAVA_OPTS:-} -cp 'target/classes:target/lib/*' "waxwing.$program" "$@"
