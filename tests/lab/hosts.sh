# Looking at the hosts, and hurting them: libvirtd and QEMU alone, what is left over.
# shellcheck shell=bash

# One line a host, “hN STATE (REASON)”; absent, or unreachable when libvirtd does not answer.
cmd_where ()
{
  local host state

  [ $# = 1 ] || usage_error "where needs a guest's name"
  check_name "$1"
  for host in $(hosts); do
    state=$(state_at "$host" "$1")
    printf 'h%s %s\n' "$host" "$state"
  done
}

state_at ()
{
  local state

  if state=$(ask_virsh "$1" domstate --reason "$2"); then
    printf '%s\n' "${state%%$'\n'*}"
  elif answers "$1"; then
    printf 'absent\n'
  else
    printf 'unreachable\n'
  fi
}

cmd_virsh ()
{
  [ $# -ge 1 ] || usage_error "virsh needs a host, then what virsh takes"
  check_host "$1"
  exec virsh -q -c "$(host_uri "$1")" "${@:2}"
}

cmd_run ()
{
  [ $# -ge 2 ] || usage_error "run needs a host and a command"
  check_host "$1"
  run_at "$@"
}

cmd_libvirtd ()
{
  local pid

  [ $# = 2 ] || usage_error "libvirtd takes a host and stop, start, kill, hang, resume or pid"
  check_host "$1"
  case $2 in
    start)
      start_libvirtd "$1"
      await_libvirtd "$1"
      ;;
    pid | stop | kill | hang | resume)
      if ! pid=$(libvirtd_pid "$1"); then
        [ "$2" != stop ] && [ "$2" != kill ] || return 0
        die "libvirtd of host $1 is not running" "start it: lab libvirtd $1 start"
      fi
      control "$2" "$pid" "libvirtd of host $1"
      ;;
    *) usage_error "libvirtd takes stop, start, kill, hang, resume or pid, not “$2”" ;;
  esac
}

cmd_qemu ()
{
  local pid

  [ $# = 3 ] || usage_error "qemu takes a host, a guest's name and pid, kill, hang or resume"
  check_host "$1"
  check_name "$2"
  case $3 in
    pid | kill | hang | resume)
      pid=$(qemu_pid "$1" "$2") || die "host $1 has no QEMU of a guest “$2”" "lab where $2 tells who has it"
      control "$3" "$pid" "QEMU of “$2” on host $1"
      ;;
    *) usage_error "qemu takes pid, kill, hang or resume, not “$3”" ;;
  esac
}

control ()
{
  local verb=$1 pid=$2 what=$3

  case $verb in
    pid) printf '%s\n' "$pid" ;;
    stop)
      kill -TERM "$pid" 2>/dev/null || true
      wait_until 30 is_gone "$pid" || die "$what (pid $pid) does not heed SIGTERM" "is it hung? try resume, or kill"
      ;;
    kill)
      kill -KILL "$pid" 2>/dev/null || true
      wait_until 10 is_gone "$pid" || die "$what (pid $pid) does not end"
      ;;
    hang)
      kill -STOP "$pid"
      wait_until 10 is_stopped "$pid" || die "$what (pid $pid) does not stop"
      ;;
    resume)
      kill -CONT "$pid"
      wait_until 10 is_running "$pid" || die "$what (pid $pid) does not go on"
      ;;
  esac
}

# A libvirtd that takes the call and never says a word.
cmd_wedge ()
{
  local dir=$LAB_DIR/wedge drop=()

  [ $# = 0 ] || usage_error "wedge takes no argument"
  drop_words
  mkdir -p "$dir" "$CACHE"
  chown "$LAB_UID:$LAB_GID" "$dir"
  if [ -z "$(pids_with_env "HOME=$dir")" ]; then
    if [ ! "$dir/wedge" -nt "$LAB_HOME/guest/wedge.c" ]; then
      need cc gcc
      cc -std=gnu11 -O2 -o "$dir/wedge" "$LAB_HOME/guest/wedge.c"
    fi
    rm -f "$dir/sock"
    spawn "$dir/log" "${drop[@]}" env -i HOME="$dir" "$dir/wedge" "$dir/sock"
    wait_until 5 test -S "$dir/sock" || die "the silent socket could not be made" "see $dir/log"
  fi
  printf 'qemu+unix:///session?socket=%s\n' "$dir/sock"
}

unmake_wedge ()
{
  local pid

  for pid in $(pids_with_env "HOME=$LAB_DIR/wedge"); do
    kill -KILL "$pid" 2>/dev/null || true
    wait_until 5 is_gone "$pid" || true
  done
}

# Everything a migration could have forgotten.  Exit code 1: a guest on more than one host.
cmd_leftovers ()
{
  local host name names pid twice=0
  local -A found=()

  [ $# = 0 ] || usage_error "leftovers takes no argument"
  for host in $(hosts); do
    if ! names=$(ask_virsh "$host" list --all --name); then
      printf 'h%s libvirtd unreachable\n' "$host"
      names=
    fi
    for name in $names; do
      printf 'h%s domain %s %s%s\n' "$host" "$name" "$(state_at "$host" "$name")" "$(persistence "$host" "$name")"
      found[$name]="${found[$name]-} h$host"
    done
    for name in $(ask_virsh "$host" pool-list --all --name || true); do
      printf 'h%s pool %s\n' "$host" "$name"
    done
    for pid in $(host_pids "$host"); do
      name=$(tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | sed -n 's/^guest=\([^,]*\),.*/\1/p' || true)
      [ -n "$name" ] || continue
      printf 'h%s qemu %s pid=%s\n' "$host" "$name" "$pid"
      [[ " ${found[$name]-} " == *" h$host "* ]] || found[$name]="${found[$name]-} h$host"
    done
  done
  # libvirt's own sockets lie below the hosts, a migration's anywhere else.
  find "$LAB_DIR" -type s -not -path "$LAB_DIR/h[0-9]*/*" -not -path "$LAB_DIR/wedge/*" -printf 'socket %p\n'
  for name in "${!found[@]}"; do
    if [ "$(wc -w <<<"${found[$name]}")" -gt 1 ]; then
      printf 'TWICE %s:%s\n' "$name" "${found[$name]}"
      twice=1
    fi
  done
  return $twice
}

persistence ()
{
  ask_virsh "$1" dominfo "$2" | awk '
    /^Persistent:/ { printf " %s", $2 == "yes" ? "persistent" : "transient" }
    /^Autostart:/ && $2 == "enable" { printf " autostart" }
    /^Managed save:/ && $3 == "yes" { printf " saved" }'
}

cmd_clean_guest ()
{
  local host

  [ $# = 1 ] || usage_error "clean-guest needs a guest's name"
  check_name "$1"
  for host in $(hosts); do
    forget_guest "$host" "$1"
  done
  rm -f "$(serial_file "$1")" "$LAB_DIR/guests/$1.xml"
}

# libvirt would wait long for a QEMU that hangs or is in mid-migration; without it, destroy is quick.
forget_guest ()
{
  local pid

  if pid=$(qemu_pid "$1" "$2"); then
    kill -KILL "$pid" 2>/dev/null || true
    wait_until 10 is_gone "$pid" || die "QEMU of “$2” on host $1 (pid $pid) does not end"
  fi
  answers "$1" || return 0
  wait_until 40 is_forgotten "$1" "$2" || die "guest “$2” cannot be removed from host $1" \
    "it is there as: $(state_at "$1" "$2")"
}

is_forgotten ()
{
  ask_virsh "$1" destroy "$2" || true
  ask_virsh "$1" undefine --nvram --managed-save --snapshots-metadata --checkpoints-metadata "$2" || true
  [ "$(state_at "$1" "$2")" = absent ]
}
