# Certificates for the hosts of a lab, and daemons that use them. What they name is the host's
# address and “hN.lab”.
# shellcheck shell=bash

tls_dir () { printf '%s\n' "$LAB_DIR/tls/h$1"; }

# Keys are of an elliptic curve: made in no time.
make_authority ()
{
  local dir=$LAB_DIR/tls

  [ ! -f "$dir/ca.pem" ] || return 0
  mkdir -p "$dir"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=lab authority" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
    -keyout "$dir/ca-key.pem" -out "$dir/ca.pem" 2>/dev/null ||
    die "openssl could make no certificate authority in “$dir”"
}

# sign_certificate DIR WHO NAME ALTERNATIVES
sign_certificate ()
{
  local dir=$1 who=$2

  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$3" \
    -keyout "$dir/$who-key.pem" -out "$dir/$who.csr" 2>/dev/null &&
  openssl x509 -req -in "$dir/$who.csr" -CA "$LAB_DIR/tls/ca.pem" -CAkey "$LAB_DIR/tls/ca-key.pem" \
    -set_serial "0x$(openssl rand -hex 8)" -days 2 -out "$dir/$who-cert.pem" \
    -extfile <(printf '%s\n' "subjectAltName=$4" "keyUsage=critical,digitalSignature,keyEncipherment" \
      "extendedKeyUsage=serverAuth,clientAuth") 2>/dev/null ||
    die "openssl could make no certificate for “$3”"
  rm -f "$dir/$who.csr"
}

# QEMU's names of the files, and beside them libvirt's, of which the client's make a pkipath.
make_certificates ()
{
  local host=$1 dir who

  dir=$(tls_dir "$host")
  [ ! -f "$dir/cacert.pem" ] || return 0
  mkdir -p "$dir"
  cp "$LAB_DIR/tls/ca.pem" "$dir/ca-cert.pem"
  for who in server client; do
    sign_certificate "$dir" "$who" "h$host.lab" "DNS:h$host.lab,IP:$(host_address "$host")"
    cp "$dir/$who-cert.pem" "$dir/${who}cert.pem"
    cp "$dir/$who-key.pem" "$dir/${who}key.pem"
  done
  cp "$dir/ca-cert.pem" "$dir/cacert.pem"
  chown -R "$LAB_UID:$LAB_GID" "$dir"
}

is_tls ()
{
  if grep -q '^migrate_tls_' "$(qemu_conf "$1")"; then [ "$2" = on ]; else [ "$2" = off ]; fi
}

# The daemon reads it when it starts; its guests live on.
configure_tls ()
{
  local host=$1 what=$2 dir conf

  dir=$(tls_dir "$host")
  conf=$(qemu_conf "$host")
  is_tls "$host" "$what" && return 0
  { grep -v '^migrate_tls_' "$conf" || true
    [ "$what" = off ] || printf '%s\n' "migrate_tls_x509_cert_dir = \"$dir\"" \
      "migrate_tls_x509_verify = 1"; } | write_conf "$conf"
  chown "$LAB_UID:$LAB_GID" "$conf"
  configure_rpc_tls "$host" "$what" "$dir"
  cmd_libvirtd "$host" stop
  cmd_libvirtd "$host" start
}

cmd_tls ()
{
  local host

  [ $# = 1 ] && { [ "$1" = on ] || [ "$1" = off ]; } || usage_error "tls takes on or off"
  need openssl openssl
  if [ "$1" = on ]; then
    make_authority
    for host in $(hosts); do make_certificates "$host"; done
  fi
  for host in $(hosts); do configure_tls "$host" "$1"; done
}
