#!/usr/bin/env bash
# Compiles the Metro peer and makes its key stores from the test PKI. Needs a JDK (17 or later) and Maven.
set -euo pipefail
cd "$(dirname "$0")"
if [ ! -e target/keys/built ] || [ -n "$(find src ../common/src pom.xml -newer target/keys/built -print -quit)" ]; then
  mvn -q -B -ntp package
  java -cp target/classes waxwing.Stores ../../testdata/pki target/keys
  touch target/keys/built
fi
