#!/usr/bin/env bash
# Fetches what reads WSDL here: wsimport of Metro's JAX-WS, wsdl2java of CXF (Maven), zeep (pip, in an environment of its own).
set -euo pipefail
cd "$(dirname "$0")"
for tool in metro cxf; do
  if [ ! -e "$tool/target/built" ] || [ "$tool/pom.xml" -nt "$tool/target/built" ]; then
    (cd "$tool" && mvn -q -B -ntp org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DincludeScope=runtime -DoutputDirectory=target/lib)
    touch "$tool/target/built"
  fi
done
if [ ! -e zeep/target/built ]; then
  mkdir -p zeep/target
  python3 -m venv zeep/target/environment
  zeep/target/environment/bin/pip install -q zeep==4.3.3
  touch zeep/target/built
fi
