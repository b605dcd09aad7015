# Configuration files of the service and the client that are measured. To be read by a script that says where the checkout is (root) and has a folder
# for files that it throws away (work).

. "$root/interop/ports.sh"

pki=$root/testdata/pki
mkdir -p "$work/stores/Root" && cp "$pki/ca.cert.pem" "$work/stores/Root/"
files="<waxwing><certificates storeRoot=\"$work/stores\"><certificateFiles>
  <add findValue=\"alice\" certificate=\"$pki/alice.cert.pem\" key=\"$pki/alice.key.pem\"/>
  <add findValue=\"service\" certificate=\"$pki/service.cert.pem\" key=\"$pki/service.key.pem\"/></certificateFiles></certificates></waxwing>"
sections='<configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>'
check='<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>'
find='x509FindType="FindBySubjectName"'

# configure FILES BINDING SCHEME RELIABLE SECURITY [STORE]: writes FILES.service.config and FILES.client.config; SECURITY is the binding's element, STORE
# one for <waxwing> of the service.
configure() {
  local to=$1 binding=$2 scheme=$3 reliable=$4 security=$5 store=${6:-}
  local address=$scheme://localhost:$(free_port)/ServiceModelSamples/service
  local bindings="<bindings><$binding><binding name=\"B\"><reliableSession enabled=\"$reliable\"/>$security</binding></$binding></bindings>"
  cat > "$to.service.config" <<XML
<configuration>$sections<system.serviceModel><services><service name="Microsoft.ServiceModel.Samples.CalculatorService" behaviorConfiguration="S">
  <endpoint address="$address" binding="$binding" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/></service></services>
  $bindings<behaviors><serviceBehaviors><behavior name="S"><serviceThrottling maxConcurrentSessions="20000"/><serviceCredentials><serviceCertificate findValue="service" $find/>
  <clientCertificate>$check</clientCertificate></serviceCredentials></behavior></serviceBehaviors></behaviors></system.serviceModel>${files/<waxwing>/<waxwing>$store}</configuration>
XML
  # Where the service asks for the client by negotiation, its certificate is not known before.
  local known="<defaultCertificate findValue=\"service\" $find/>"
  cat > "$to.client.config" <<XML
<configuration>$sections<system.serviceModel><client><endpoint address="$address" binding="$binding" bindingConfiguration="B" behaviorConfiguration="C"
  contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>$bindings<behaviors><endpointBehaviors><behavior name="C"><clientCredentials>
  <clientCertificate findValue="alice" $find/><serviceCertificate>$known$check</serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors></system.serviceModel>$files</configuration>
XML
}

# Kinds of security.
by_certificate='<security mode="Message"><message clientCredentialType="Certificate" negotiateServiceCredential="false"/></security>'
negotiated='<security mode="Message"><message clientCredentialType="Certificate" negotiateServiceCredential="true"/></security>'
unsecured='<security mode="None"/>'
mixed='<security mode="TransportWithMessageCredential"><message clientCredentialType="Certificate"/></security>'
tls='<security mode="Transport"><transport clientCredentialType="None"/></security>'
tcp_message='<security mode="Message"><message clientCredentialType="Certificate"/></security>'
