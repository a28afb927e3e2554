# Recipe B: root; each host has a network, mount, UTS and pid namespace of its own, so links can be
# slowed and cut and a host can lose its power.  The hosts meet at a bridge in one more network
# namespace: nothing of it appears in the machine's own network.
# shellcheck shell=bash

recipe_check ()
{
  [ "$UID" = 0 ] || die "recipe B makes network namespaces, which needs root" \
                        "run it as root, or use recipe A (the default)"
  need libvirtd libvirt-daemon
  need ip iproute2
  need nsenter util-linux
}

NET=10.77.0

netns () { printf 'lm%08x-%s\n' "$(dir_sum)" "$1"; }
in_switch () { ip -n "$(netns switch)" "$@"; }

# unix sockets cross network namespaces, so the controller needs no address.
host_socket () { printf '%s\n' "$LAB_DIR/h$1/sock/libvirt-sock"; }
host_uri () { printf 'qemu+unix:///system?socket=%s\n' "$(host_socket "$1")"; }
peer_uri () { printf 'qemu+tcp://%s/system\n' "$NET.$1"; }
tcp_uri () { peer_uri "$1"; }
migration_uri () { printf 'tcp://%s\n' "$NET.$1"; }
capabilities_dir () { printf '%s\n' "$LAB_DIR/h$1/cache/qemu/capabilities"; }
local_dir () { printf '%s\n' "$LAB_DIR/h$1/local"; }

# The first process of the host's pid namespace, as seen from outside.
init_pid ()
{
  local pid

  for pid in $(pids_with_env "LIBMIGRATE_LAB_HOST=$LAB_DIR/h$1"); do
    # One number for each nested pid namespace, 1 in the innermost; unshare, its parent, has no 1.
    if awk '/^NSpid:/ { found = NF >= 3 && $NF == 1 } END { exit !found }' "/proc/$pid/status" 2>/dev/null; then
      printf '%s\n' "$pid"
      return 0
    fi
  done
  return 1
}

host_pids ()
{
  local init space

  init=$(init_pid "$1") || return 0
  space=$(readlink "/proc/$init/ns/pid") || return 0
  { stat -c '%N' /proc/[0-9]*/ns/pid 2>/dev/null || true; } |
    awk -F"['/]" -v space="$space" 'index($0, space) { print $4 }'
}

qemu_conf () { printf '%s\n' "$LAB_DIR/h$1/etc/qemu.conf"; }
host_address () { printf '%s\n' "$NET.$1"; }

configure_rpc_tls ()
{
  local conf=$LAB_DIR/h$1/etc/libvirtd.conf

  { grep -vE '^(listen_tls|ca_file|cert_file|key_file) ' "$conf" || true
    if [ "$2" = off ]; then
      printf 'listen_tls = 0\n'
    else
      printf '%s\n' 'listen_tls = 1' "ca_file = \"$3/cacert.pem\"" "cert_file = \"$3/servercert.pem\"" \
        "key_file = \"$3/serverkey.pem\""
    fi; } | write_conf "$conf"
}

make_network ()
{
  local switch

  switch=$(netns switch)
  [ -e "/run/netns/$switch" ] || ip netns add "$switch"
  in_switch link show br0 >/dev/null 2>&1 || in_switch link add br0 type bridge
  in_switch link set lo up
  in_switch link set br0 up
}

plug_in ()
{
  local host=$1 ns

  ns=$(netns "h$host")
  [ -e "/run/netns/$ns" ] || ip netns add "$ns"
  if ! ip -n "$ns" link show eth0 >/dev/null 2>&1; then
    # A host keeps its card over a power cut, or the others would look for the old one.
    in_switch link add "h$host" type veth peer name eth0 netns "$ns" address "52:54:00:77:00:0$host"
    ip -n "$ns" addr add "$NET.$host/24" dev eth0
  fi
  in_switch link set "h$host" master br0
  in_switch link set "h$host" up
  ip -n "$ns" link set lo up
  ip -n "$ns" link set eth0 up
  set_rate "$host"
}

# The namespace's mount may live on in other labs' hosts, and the namespace with it: take the link
# away first.
unplug ()
{
  in_switch link del "h$1" 2>/dev/null || true
  ip netns del "$(netns "h$1")" 2>/dev/null || true
}

unmake_network ()
{
  in_switch link del br0 2>/dev/null || true
  ip netns del "$(netns switch)" 2>/dev/null || true
}

make_host ()
{
  local host=$1 dir=$LAB_DIR/h$1

  mkdir -p "$dir"/{etc/qemu,lib,log,cache,sock,local}
  for name in $(hosts); do
    printf '%s h%s\n' "$NET.$name" "$name"
  done | { printf '127.0.0.1 localhost\n'; cat; } | write_conf "$dir/hosts"
  write_conf "$dir/etc/libvirtd.conf" <<END
host_uuid = "$(host_uuid "$host")"
unix_sock_dir = "$dir/sock"
auth_unix_ro = "none"
auth_unix_rw = "none"
listen_tls = 0
listen_tcp = 1
listen_addr = "$NET.$host"
auth_tcp = "none"
$(keepalive_conf)
END
  write_conf "$dir/etc/qemu.conf" <<END
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
$(keepalive_conf)
migration_address = "$NET.$host"
migration_host = "$NET.$host"
END
  offer_capabilities "$host"
  power_up "$host"
}

is_powered () { [ -e "$LAB_DIR/h$1/ready" ]; }

power_up ()
{
  local dir=$LAB_DIR/h$1

  ! init_pid "$1" >/dev/null || return 0
  plug_in "$1"
  rm -f "$dir/ready"
  spawn "$dir/init.log" env -i PATH="$PATH:/usr/sbin:/sbin" LIBMIGRATE_LAB_HOST="$dir" \
    nsenter --net="/run/netns/$(netns "h$1")" \
    unshare --mount --uts --pid --fork --propagation private \
    bash "$LAB_HOME/recipe-b-init.sh" "$dir" "h$1"
  wait_until 10 is_powered "$1" ||
    die "the namespaces of host $1 could not be made" "see $dir/init.log:" "$(tail -n 3 "$dir/init.log")"
}

enter ()
{
  local init

  init=$(init_pid "$1") || die "host $1 is powered off" "switch it on: lab power-on $1"
  printf '%s\n' "$init"
}

spawn_libvirtd ()
{
  local dir=$LAB_DIR/h$1 init

  init=$(enter "$1")
  rm -f "$(host_socket "$1")"
  # The shell between ends at once and leaves libvirtd to the host's pid 1.  As a child of nsenter it
  # would drag nsenter along when it is stopped, and then nobody would reap it.
  nsenter --target "$init" --mount --root --uts --pid --net \
    env -i PATH="$PATH:/usr/sbin:/sbin" HOME=/root LAB_LIBVIRTD="$LIBVIRTD" \
    sh -c 'setsid "$LAB_LIBVIRTD" --listen &' </dev/null >>"$dir/libvirtd.log" 2>&1 9>&-
}

kill_host ()
{
  local init pid parent

  init=$(init_pid "$1") || return 0
  # A pid namespace ends when all in it are reaped, so wake what nsenter has outside.
  for pid in $(host_pids "$1"); do
    parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) || continue
    ! grep -qsx nsenter "/proc/$parent/comm" || kill -CONT "$parent" 2>/dev/null || true
  done
  # The kernel kills all of a pid namespace with its pid 1.
  kill -KILL "$init" 2>/dev/null || true
  wait_until 20 is_gone "$init" || die "host $1 does not end (pid $init)"
  rm -f "$LAB_DIR/h$1/ready"
}

unmake_host ()
{
  kill_host "$1"
  unplug "$1"
}

# Power goes without a word: first the link, so that no dying socket says good-bye on it; then the
# network namespace, so that none does later.
cmd_power_off ()
{
  [ $# = 1 ] || usage_error "power-off needs a host"
  check_host "$1"
  in_switch link set "h$1" down 2>/dev/null || true
  unmake_host "$1"
}

cmd_power_on ()
{
  [ $# = 1 ] || usage_error "power-on needs a host"
  check_host "$1"
  power_up "$1"
  start_libvirtd "$1"
  await_libvirtd "$1"
}

# In the host's namespaces, except that of mounts: the command sees the files of this side.
run_at ()
{
  local init

  init=$(enter "$1")
  shift
  nsenter --target "$init" --uts --net --pid -- "$@"
}

# tbf on what each host sends; the burst must hold a packet that segmentation has not split yet.
set_rate ()
{
  local rate=

  [ ! -f "$LAB_DIR/rate" ] || rate=$(cat "$LAB_DIR/rate")
  if [ -n "$rate" ]; then
    tc -n "$(netns "h$1")" qdisc replace dev eth0 root tbf rate "$rate" burst 256kb latency 50ms
  else
    tc -n "$(netns "h$1")" qdisc del dev eth0 root 2>/dev/null || true
  fi
}

# A cut is made at the switch: the hosts' cards keep their carrier and their packets go nowhere, as
# when something breaks far away.
cmd_link ()
{
  local what=${1-} host

  case $what in
    cut) for host in $(link_hosts "${2-}"); do in_switch link set "h$host" nomaster; done ;;
    restore) for host in $(link_hosts "${2-}"); do in_switch link set "h$host" master br0; done ;;
    unlimited | [0-9]*bit)
      if [ "$what" = unlimited ]; then rm -f "$LAB_DIR/rate"; else printf '%s\n' "$what" >"$LAB_DIR/rate"; fi
      for host in $(hosts); do
        ! init_pid "$host" >/dev/null || set_rate "$host"
      done ;;
    *) usage_error "link takes a rate such as 400mbit, or cut, restore, unlimited" ;;
  esac
}

link_hosts ()
{
  local host

  if [ -n "$1" ]; then
    check_host "$1"
    printf '%s\n' "$1"
    return
  fi
  for host in $(hosts); do
    ! init_pid "$host" >/dev/null || printf '%s\n' "$host"
  done
}
