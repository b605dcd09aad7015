# What the scripts of this folder share; to be sourced from this folder. Makes $work and removes it at the end, unless KEEP names it.
root=$(cd .. && pwd)
path=/ServiceModelSamples/service
work=${KEEP:-$(mktemp -d)}
pids=()
cleanup() {
  for pid in ${pids[@]+"${pids[@]}"}; do kill "$pid" 2>/dev/null || true; done
  [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap cleanup EXIT

# Builds the named examples, unless NO_BUILD is set, and tells where they are.
build_examples() { # build_examples NAME…
  local arguments=()
  for name in "$@"; do arguments+=(--example "$name"); done
  [ -n "${NO_BUILD:-}" ] || (cd "$root" && cargo build -q --release -p waxwing "${arguments[@]}")
  bin=${BIN:-${CARGO_TARGET_DIR:-$root/target}/release/examples}
}

. "$root/interop/ports.sh"

# The system-provided binding of a scenario.
standard() { case $1 in *rm11* | *13*) echo ws2007HttpBinding ;; *) echo wsHttpBinding ;; esac; }

# http or https.
scheme() { case $1 in https*) echo https ;; *) echo http ;; esac; } # scheme SCENARIO

# Its security.
security() { # security SCENARIO
  local credential=Certificate context=false
  case $1 in
    https)
      echo '<security mode="Transport"><transport clientCredentialType="None"/></security>'
      return
      ;;
    https-*)
      case $1 in *username*) credential=UserName ;; esac
      case $1 in *-sc*) context=true ;; esac
      echo "<security mode=\"TransportWithMessageCredential\"><message clientCredentialType=\"$credential\" establishSecurityContext=\"$context\"/></security>"
      return
      ;;
  esac
  context=true
  case $1 in
    sc*) ;;
    mutual*) context=false ;;
    username*) credential=UserName context=false ;;
    *)
      echo '<security mode="None"/>'
      return
      ;;
  esac
  echo "<security mode=\"Message\"><message clientCredentialType=\"$credential\" negotiateServiceCredential=\"false\" establishSecurityContext=\"$context\"/></security>"
}

# The same as a custom binding, with attributes of the binding, of its security and of its reliable session.
custom_binding() { # custom_binding SCENARIO [BINDING-ATTRIBUTES [SECURITY-ATTRIBUTES [SESSION-ATTRIBUTES]]]
  local rm=WSReliableMessagingFebruary2005 security=''
  local versions=WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10
  case $1 in *rm11*)
    rm=WSReliableMessaging11
    versions=WSSecurity11WSTrust13WSSecureConversation13WSSecurityPolicy12BasicSecurityProfile10
    ;;
  esac
  case $1 in asym*)
    # Certificates on both sides with WS-Security 1.0. Metro derives no keys there.
    versions=${versions/WSSecurity11/WSSecurity10}
    security="<security authenticationMode=\"MutualCertificate\" ${3:-} messageSecurityVersion=\"$versions\" requireDerivedKeys=\"false\"/>"
    ;;
  esac
  local first=MutualCertificate
  case $1 in tls*) first=MutualSslNegotiated ;; esac
  case $1 in sc* | tls*)
    security="<security authenticationMode=\"SecureConversation\" ${3:-} messageSecurityVersion=\"$versions\"><secureConversationBootstrap
      authenticationMode=\"$first\" messageSecurityVersion=\"$versions\"/></security>"
    ;;
  esac
  local session=''
  case $1 in *rm1*) session="<reliableSession reliableMessagingVersion=\"$rm\" ${4:-}/>" ;; esac
  echo "<customBinding><binding name=\"B\" ${2:-}>$session$security<textMessageEncoding/><$(scheme "$1")Transport/></binding></customBinding>"
}

pki=$root/testdata/pki
files="<waxwing><certificates storeRoot=\"$work/stores\"><certificateFiles>
  <add findValue=\"alice\" certificate=\"$pki/alice.cert.pem\" key=\"$pki/alice.key.pem\"/>
  <add findValue=\"service\" certificate=\"$pki/service.cert.pem\" key=\"$pki/service.key.pem\"/>
</certificateFiles></certificates></waxwing>"
mkdir -p "$work/stores/Root" && cp "$pki/ca.cert.pem" "$work/stores/Root/"
check='<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>'
find='x509FindType="FindBySubjectName"'
sections='<configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>'
contract=Microsoft.ServiceModel.Samples.ICalculator

# Writes client.config: the binding's section and element, the service's port, an element for the endpoint behavior (a via), http or https.
client_config() { # client_config SECTION BINDING PORT [BEHAVIOR [SCHEME]]
  cat > "$work/client.config" <<XML
<configuration>$sections<system.serviceModel>
  <client><endpoint address="${5:-http}://localhost:$3$path" binding="$1" bindingConfiguration="B"
    behaviorConfiguration="C" contract="$contract"/></client>
  <bindings>$2</bindings>
  <behaviors><endpointBehaviors><behavior name="C">${4:-}<clientCredentials><clientCertificate findValue="alice" $find/>
    <serviceCertificate><defaultCertificate findValue="service" $find/>$check</serviceCertificate></clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel>$files</configuration>
XML
}

# Writes service.config: what listens at PORT, under the address of ADDRESS-PORT where that is another (of a link).
service_config() { # service_config SECTION BINDING PORT [SCHEME [ADDRESS-PORT]]
  local listen=''
  [ "${5:-$3}" = "$3" ] || listen="listenUri=\"${4:-http}://localhost:$3$path\""
  cat > "$work/service.config" <<XML
<configuration>$sections<system.serviceModel>
  <services><service name="Microsoft.ServiceModel.Samples.CalculatorService" behaviorConfiguration="S">
    <endpoint address="${4:-http}://localhost:${5:-$3}$path" $listen binding="$1" bindingConfiguration="B"
      contract="$contract"/></service></services>
  <bindings>$2</bindings>
  <behaviors><serviceBehaviors><behavior name="S"><serviceCredentials><serviceCertificate findValue="service" $find/>
    <clientCertificate>$check</clientCertificate></serviceCredentials></behavior></serviceBehaviors></behaviors>
</system.serviceModel>$files</configuration>
XML
}

stop() { # stop PID: lets a program tell what it has done, for at most 20 seconds
  kill -INT "$1" 2>/dev/null || true
  for _ in $(seq 200); do kill -0 "$1" 2>/dev/null && sleep 0.1 || break; done
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# Waits for a line READY in a file.
ready() { # ready FILE PID
  for _ in $(seq 600); do
    grep -qs READY "$1" && return 0
    kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  echo "nothing became ready:" >&2
  cat "$1" >&2 || true
  return 1
}
