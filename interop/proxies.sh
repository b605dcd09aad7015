#!/usr/bin/env bash
# Our client and our service with what stands between them in the world: squid and tinyproxy in front of the client, nginx in front of the service.
# Needs Rust, nginx, squid, tinyproxy, openssl. Everything listens on 127.0.0.1, has its files in a temporary folder, and is ended by this script.
#
#   SCENARIOS="…"        some of those that are listed below
#   CALLS=40
set -euo pipefail
cd "$(dirname "$0")"
PATH=$PATH:/usr/sbin
for tool in nginx squid tinyproxy openssl; do
  command -v "$tool" >/dev/null || { echo "$tool is missing: install nginx-light, squid, tinyproxy and openssl"; exit 1; }
done
source ./lib.sh
calls=${CALLS:-40}
build_examples calculator_client calculator_service
unset HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy
# squid and nginx change to a user of their own where they are started by root.
chmod 755 "$work"
echo "127.0.0.1 localhost calc.test" >"$work/hosts"
timeouts='openTimeout="00:00:30" sendTimeout="00:00:30" closeTimeout="00:00:30"'
rows=()
failures=0

start() { # start NAME COMMAND…: in the background, with a log of its own
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  pids+=("$!")
}

listens() { # listens PORT NAME
  for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
    sleep 0.1
  done
  echo "$2 does not listen:"
  cat "$work/$2.log"
  return 1
}

squid_proxy() { # squid_proxy NAME PORT [everybody|digest]: with Basic unless everybody may pass, or Digest
  mkdir -p "$work/$1"
  chmod 777 "$work/$1"
  echo "alice:$(openssl passwd -apr1 secret)" >"$work/$1/users"
  local helper
  helper=$(find /usr/lib* -name basic_ncsa_auth 2>/dev/null | head -1)
  {
    echo "http_port 127.0.0.1:$2"
    echo "pid_filename $work/$1/pid"
    echo "access_log stdio:$work/$1/access.log"
    echo "cache_log $work/$1/cache.log"
    echo "coredump_dir $work/$1"
    echo "cache deny all"
    echo "shutdown_lifetime 0 seconds"
    echo "visible_hostname squid.test"
    # A name that the proxy alone knows.
    echo "hosts_file $work/hosts"
    if [ "${3:-}" != everybody ]; then
      if [ "${3:-}" = digest ]; then
        echo "alice:squid:$(printf alice:squid:secret | openssl md5 -r | cut -d' ' -f1)" >"$work/$1/digests"
        echo "auth_param digest program ${helper%/*}/digest_file_auth -c $work/$1/digests"
        echo "auth_param digest realm squid"
        # So that clients meet a nonce that is too old.
        echo "auth_param digest nonce_max_count 7"
      fi
      echo "auth_param basic program $helper $work/$1/users"
      echo "auth_param basic realm squid"
      echo "acl known proxy_auth REQUIRED"
      echo "http_access allow known"
    else
      echo "http_access allow all"
    fi
    echo "http_access deny all"
  } >"$work/$1/squid.conf"
  start "$1" squid -N -f "$work/$1/squid.conf"
  listens "$2" "$1"
}

tiny_proxy() { # tiny_proxy NAME PORT [EVERYBODY]
  {
    echo "Port $2"
    echo "Listen 127.0.0.1"
    echo "Timeout 60"
    echo "LogFile \"$work/$1-access.log\""
    echo "LogLevel Info"
    echo "MaxClients 50"
    echo "Allow 127.0.0.1"
    [ -n "${3:-}" ] || echo "BasicAuth alice secret"
  } >"$work/$1.conf"
  start "$1" tinyproxy -d -c "$work/$1.conf"
  listens "$2" "$1"
}

# nginx with what is said on standard input as its servers.
front() { # front NAME PORT
  mkdir -p "$work/$1"
  chmod 777 "$work/$1"
  {
    echo "daemon off; pid $work/$1/pid; error_log $work/$1/error.log warn;"
    echo "events { worker_connections 256; }"
    echo "http {"
    echo "access_log $work/$1/access.log;"
    for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $work/$1/$kind;"; done
    cat
    echo "}"
  } >"$work/$1/nginx.conf"
  start "$1" nginx -p "$work/$1" -c "$work/$1/nginx.conf" -e "$work/$1/error.log"
  listens "$2" "$1"
}

service() { # service NAME: with the service.config that was written
  cp "$work/service.config" "$work/$1.config"
  start "$1" "$bin/calculator_service" "$work/$1.config"
  ready "$work/$1.log" "${pids[-1]}"
}

client() { # client NAME WANTED [VARIABLE=VALUE…]: WANTED is 0 for success, or words of the failure
  local name=$1 wanted=$2 begin=$SECONDS status=0 state=ok
  shift 2
  cp "$work/client.config" "$work/$name.config"
  env "$@" timeout 120 "$bin/calculator_client" "$work/$name.config" "$calls" >"$work/$name.log" 2>&1 || status=$?
  if [ "$wanted" = 0 ]; then
    [ "$status" = 0 ] || state="FAILED ($status)"
  elif [ "$status" = 0 ] || ! grep -qF "$wanted" "$work/$name.log"; then
    state="FAILED ($status), without: $wanted"
  fi
  verdict "$name" "$state" "$begin"
}

verdict() { # verdict NAME STATE BEGIN
  if [ "$2" != ok ]; then
    failures=$((failures + 1))
    sed 's/^/    /' "$work/$1.log" | head -30
  fi
  rows+=("$(printf '%-28s %s' "$1" "$2")")
  echo "${rows[-1]}"
}

# What a log must have, so that nobody went another way.
passed() { # passed NAME FILE PATTERN
  local state=ok
  grep -qE "$3" "$2" || state="FAILED: $2 has no $3"
  cp "$2" "$work/$1.log" 2>/dev/null || : >"$work/$1.log"
  verdict "$1" "$state" "$SECONDS"
}

wanted() { [ -z "${SCENARIOS:-}" ] || [[ " $SCENARIOS " == *" $1 "* ]]; }

reliable='<reliableSession enabled="true"/>'
binding() { # binding ATTRIBUTES SECURITY: of wsHttpBinding
  echo "<wsHttpBinding><binding name=\"B\" $timeouts $1>$reliable$2</binding></wsHttpBinding>"
}
message=$(security sc-rm10)

if wanted proxies; then
  open_squid=$(free_port); squid_proxy open-squid "$open_squid" everybody
  squid=$(free_port); squid_proxy squid "$squid"
  open_tiny=$(free_port); tiny_proxy open-tinyproxy "$open_tiny" everybody
  tiny=$(free_port); tiny_proxy tinyproxy "$tiny"
  port=$(free_port)
  service_config wsHttpBinding "$(binding '' "$message")" "$port"
  service plain
  through() { client_config wsHttpBinding "$(binding "useDefaultWebProxy=\"false\" proxyAddress=\"$1\"" "$message")" "$port"; }
  for kind in squid tiny; do
    declare -n open=open_$kind guarded=$kind
    through "http://127.0.0.1:$open"; client "http-$kind" 0
    through "http://alice:secret@127.0.0.1:$guarded"; client "http-$kind-basic" 0
    through "http://127.0.0.1:$guarded"; client "http-$kind-nobody" "407"
    # tinyproxy says 401.
    through "http://alice:wrong@127.0.0.1:$guarded"; client "http-$kind-wrong" "the proxy http://127.0.0.1:$guarded"
  done
  digest=$(free_port); squid_proxy digest-squid "$digest" digest
  through "http://alice:secret@127.0.0.1:$digest"; client http-squid-digest 0
  through "http://alice:wrong@127.0.0.1:$digest"; client http-squid-digest-wrong "407"
  nobody=$(free_port)
  client_config wsHttpBinding "$(binding '' "$message")" "$port"
  client http-loopback 0 "HTTP_PROXY=http://127.0.0.1:$nobody"
  client_config wsHttpBinding "$(binding '' "$message")" "$port" "<clientVia viaUri=\"http://calc.test:$port$path\"/>"
  client http-environment 0 "HTTP_PROXY=http://127.0.0.1:$open_squid"
  passed http-environment-log "$work/open-squid/access.log" "POST http://calc.test:$port"
  client http-no-proxy "calc.test" "HTTP_PROXY=http://127.0.0.1:$open_squid" "NO_PROXY=.test:$port"
  client http-proxy-away "the proxy http://127.0.0.1:$nobody" "HTTP_PROXY=http://127.0.0.1:$nobody"
fi

if wanted tunnels; then
  # TLS with the service through squid and tinyproxy. The name is one that the service's certificate has.
  squid=$(free_port); squid_proxy tunnel-squid "$squid"
  open_squid=$(free_port); squid_proxy tunnel-open-squid "$open_squid" everybody
  tiny=$(free_port); tiny_proxy tunnel-tinyproxy "$tiny"
  port=$(free_port)
  over_tls=$(security https-sc-username)
  service_config wsHttpBinding "$(binding '' "$over_tls")" "$port" https
  service tls
  user=(CALCULATOR_USER=alice CALCULATOR_PASSWORD=secret)
  through() { client_config wsHttpBinding "$(binding "useDefaultWebProxy=\"false\" proxyAddress=\"$1\"" "$over_tls")" "$port" '' https; }
  for kind in squid tiny; do
    declare -n guarded=$kind
    through "http://alice:secret@127.0.0.1:$guarded"; client "https-$kind-basic" 0 "${user[@]}"
    # The user name of the messages is not the proxy's.
    through "http://127.0.0.1:$guarded"; client "https-$kind-nobody" "407" "${user[@]}"
  done
  digest=$(free_port); squid_proxy tunnel-digest-squid "$digest" digest
  through "http://alice:secret@127.0.0.1:$digest"; client https-squid-digest 0 "${user[@]}"
  passed https-squid-log "$work/tunnel-squid/access.log" "CONNECT localhost:$port alice"
  closed=$(free_port)
  client_config wsHttpBinding "$(binding "useDefaultWebProxy=\"false\" proxyAddress=\"http://127.0.0.1:$open_squid\"" "$over_tls")" "$closed" '' https
  client https-squid-nothing-there "opens no tunnel to localhost:$closed" "${user[@]}"
fi

if wanted sticky; then
  # Two services behind one address: whoever begins at one must stay there, since it alone knows his sequence.
  one=$(free_port) two=$(free_port) public=$(free_port)
  for backend in one two; do
    declare -n inner=$backend
    service_config wsHttpBinding "$(binding '' "$message")" "$inner" http "$public"
    service "sticky-$backend"
  done
  front sticky "$public" <<NGINX
upstream both { server 127.0.0.1:$one; server 127.0.0.1:$two; }
upstream one { server 127.0.0.1:$one; }
upstream two { server 127.0.0.1:$two; }
map \$cookie_route \$backend { one one; two two; default both; }
map \$upstream_addr \$route { "127.0.0.1:$one" one; "127.0.0.1:$two" two; }
log_format routes '\$upstream_addr \$cookie_route \$status';
server {
  listen 127.0.0.1:$public;
  access_log $work/sticky/routes.log routes;
  location / { proxy_pass http://\$backend; add_header Set-Cookie "route=\$route; Path=/; HttpOnly" always; }
}
NGINX
  client_config wsHttpBinding "$(binding 'allowCookies="true"' "$message")" "$public"
  client sticky-cookies 0
  passed sticky-cookies-log "$work/sticky/routes.log" '^127\.0\.0\.1:[0-9]+ (one|two) 200$'
  client_config wsHttpBinding "$(binding 'allowCookies="false" openTimeout="00:00:10" sendTimeout="00:00:10"' "$message" | sed 's/openTimeout="00:00:30" sendTimeout="00:00:30"//')" "$public"
  client sticky-without-cookies "error"
fi

if wanted gzip; then
  inner=$(free_port) public=$(free_port)
  service_config wsHttpBinding "$(binding '' "$message")" "$inner" http "$public"
  service gzip-service
  front gzip "$public" <<NGINX
log_format coded '\$sent_http_content_encoding \$status';
server {
  listen 127.0.0.1:$public;
  access_log $work/gzip/coded.log coded;
  gzip on; gzip_min_length 1; gzip_proxied any; gzip_types application/soap+xml;
  location / { proxy_pass http://127.0.0.1:$inner; }
}
NGINX
  client_config wsHttpBinding "$(binding '' "$message")" "$public"
  client gzip-answers 0
  passed gzip-answers-log "$work/gzip/coded.log" '^gzip 200$'
fi

if wanted front; then
  # nginx ends TLS, and sends on with another scheme, port, path and Host: the service must know its public address, and believe that
  # what it gets was protected.
  inner=$(free_port) public=$(free_port)
  versions=WSSecurity11WSTrust13WSSecureConversation13WSSecurityPolicy12BasicSecurityProfile10
  believing="<customBinding><binding name=\"B\" $timeouts><reliableSession reliableMessagingVersion=\"WSReliableMessaging11\"/>
    <security authenticationMode=\"SecureConversation\" messageSecurityVersion=\"$versions\" requireDerivedKeys=\"false\" allowInsecureTransport=\"true\">
    <secureConversationBootstrap authenticationMode=\"UserNameOverTransport\" messageSecurityVersion=\"$versions\" allowInsecureTransport=\"true\"/>
    </security><textMessageEncoding/><httpTransport/></binding></customBinding>"
  service_config customBinding "$believing" "$inner"
  cp "$work/service.config" "$work/unknowing.config"
  sed -i "s#<waxwing>#<waxwing><publicAddresses><add address=\"http://localhost:$inner$path\" public=\"https://localhost:$public/public/calc\"/></publicAddresses>#" \
    "$work/service.config"
  service front-service
  unknowing=$(free_port)
  sed "s#localhost:$inner#localhost:$unknowing#" "$work/unknowing.config" >"$work/service.config"
  service front-unknowing
  front front "$public" <<NGINX
log_format hosts '\$ssl_protocol \$request_uri \$proxy_host \$status';
server {
  listen 127.0.0.1:$public ssl;
  ssl_certificate $pki/service.cert.pem;
  ssl_certificate_key $pki/service.key.pem;
  access_log $work/front/hosts.log hosts;
  location /public/calc { proxy_pass http://127.0.0.1:$inner$path; }
  location /public/unknowing { proxy_pass http://127.0.0.1:$unknowing$path; }
}
NGINX
  user=(CALCULATOR_USER=alice CALCULATOR_PASSWORD=secret)
  over="<ws2007HttpBinding><binding name=\"B\" $timeouts>$reliable$(security https-sc-username)</binding></ws2007HttpBinding>"
  client_config ws2007HttpBinding "$over" "$public" '' https
  sed -i "s#$path#/public/calc#" "$work/client.config"
  client front-ends-tls 0 "${user[@]}"
  passed front-ends-tls-log "$work/front/hosts.log" '^TLSv1\.[23] /public/calc 127\.0\.0\.1:[0-9]+ 200$'
  client front-wrong-password "password" CALCULATOR_USER=alice CALCULATOR_PASSWORD=wrong
  sed -i "s#/public/calc#/public/unknowing#" "$work/client.config"
  client front-unknown-address "endpoint-not-found" "${user[@]}"
fi

echo
printf '%s\n' "${rows[@]}"
# A scenario that is not listed runs nothing.
[ "$failures" = 0 ] && [ "${#rows[@]}" -gt 0 ]
