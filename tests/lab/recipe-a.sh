# Recipe A: two session libvirtd of one unprivileged uid, told apart by HOME and the XDG directories.
# No root, no network but 127.0.0.1; neither post-copy (QEMU may not use userfaultfd) nor link cuts.
# shellcheck shell=bash

recipe_check ()
{
  need libvirtd libvirt-daemon
  need setpriv util-linux
}

# Paths below a host are one letter long: QEMU's monitor socket lies deep in c/.
host_socket () { printf '%s\n' "$LAB_DIR/h$1/r/libvirt/libvirt-sock"; }
host_uri () { printf 'qemu+unix:///session?socket=%s\n' "$(host_socket "$1")"; }
peer_uri () { host_uri "$1"; }
migration_uri () { printf 'tcp://127.0.0.1\n'; }
tcp_uri () { :; }
capabilities_dir () { printf '%s\n' "$LAB_DIR/h$1/k/libvirt/qemu/cache/capabilities"; }
qemu_conf () { printf '%s\n' "$LAB_DIR/h$1/c/libvirt/qemu.conf"; }
host_address () { printf '127.0.0.1\n'; }
configure_rpc_tls () { :; } # its daemons listen on no address
local_dir () { printf '%s\n' "$LAB_DIR/h$1/local"; }
host_pids () { pids_with_env "HOME=$LAB_DIR/h$1"; }

make_host ()
{
  local host=$1 dir=$LAB_DIR/h$1 ports

  mkdir -p -m 0755 "$dir"
  chown "$LAB_UID:$LAB_GID" "$dir"
  as_lab mkdir -p -m 0700 "$dir/c/libvirt" "$dir/k" "$dir/d" "$dir/r" "$dir/local"
  # The hosts share one machine's ports, and so do labs: each host gets a range of its own, below
  # the kernel's ephemeral ports.
  ports=$((20000 + ($(dir_sum) % 150) * 80 + (host - 1) * (80 / LAB_HOSTS)))
  write_conf "$dir/c/libvirt/libvirtd.conf" <<END
host_uuid = "$(host_uuid "$host")"
$(keepalive_conf)
END
  write_conf "$dir/c/libvirt/qemu.conf" <<END
$(keepalive_conf)
stdio_handler = "file"
migration_port_min = $ports
migration_port_max = $((ports + 80 / LAB_HOSTS - 1))
END
  offer_capabilities "$host"
  chown -R "$LAB_UID:$LAB_GID" "$dir/c" "$dir/k"
}

spawn_libvirtd ()
{
  local dir=$LAB_DIR/h$1 drop=()

  drop_words
  # Nothing of the caller's environment goes in: XDG_* and LIBVIRT_* would lead it elsewhere.
  as_lab rm -f "$dir/r/libvirt/libvirt-sock" "$dir/r/libvirt/libvirtd.pid"
  spawn "$dir/libvirtd.log" "${drop[@]}" env -i -C "$dir" \
    PATH="$PATH:/usr/sbin:/sbin" HOME="$dir" XDG_RUNTIME_DIR="$dir/r" XDG_CONFIG_HOME="$dir/c" \
    XDG_CACHE_HOME="$dir/k" XDG_DATA_HOME="$dir/d" "$LIBVIRTD"
}

unmake_host ()
{
  local pid pids

  pids=$(host_pids "$1")
  for pid in $pids; do
    kill -KILL "$pid" 2>/dev/null || true
  done
  wait_until 10 no_host_pids "$1" ||
    die "processes of host $1 do not end: $(host_pids "$1" | tr '\n' ' ')"
}

make_network () { :; }
unmake_network () { :; }

only_b () { die "“$1” needs recipe B, this lab is recipe A" "start one: lab up --recipe b (as root)"; }
cmd_link () { only_b link; }
cmd_power_off () { only_b power-off; }
cmd_power_on () { only_b power-on; }

# The hosts of recipe A have no namespaces; a command simply runs as their uid.
run_at () { shift; as_lab "$@"; }
