#!/usr/bin/env bash
# Runs one program of the CXF peer: peer.sh Serve SCENARIO PORT | Call SCENARIO URL N. JAVA_OPTS adds JVM flags.
set -euo pipefail
cd "$(dirname "$0")"
./build.sh
program=$1
shift
# shellcheck disable=SC2086
exec java -Xmx1g -Djava.net.preferIPv4Stack=true -Djava.util.logging.config.file=logging.properties ${JAVA_OPTS:-} \
  -cp 'target/classes:target/lib/*' "waxwing.$program" "$@"
