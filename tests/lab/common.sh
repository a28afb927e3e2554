# Shared by all of lab: messages, waiting, the state directory, and finding our own processes.
# shellcheck shell=bash

# What failed, and on lines of their own what to do about it.
die ()
{
  local line first=1

  for line in "$@"; do
    if [ "$first" ]; then printf 'lab: %s\n' "$line" >&2; else printf '     %s\n' "$line" >&2; fi
    first=
  done
  exit 1
}

need ()
{
  local program=$1 package=$2

  PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null ||
    die "“$program” is missing (Debian package $package)" \
        "install it, or everything the lab needs: tests/install-packages lab"
}

# wait_until SECONDS COMMAND...: polls a condition, never just sleeps.
wait_until ()
{
  local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))

  shift
  until "$@"; do
    [ "${EPOCHREALTIME/[.,]/}" -lt "$deadline" ] || return 1
    sleep 0.05
  done
}

is_number () { [[ $1 =~ ^[0-9]+$ ]]; }

# The same value the user gave is in paths, URIs, shell lines and grep patterns, so keep it plain.
check_dir ()
{
  LAB_DIR=$(realpath -m -- "$LAB_DIR")
  [[ $LAB_DIR =~ ^/[A-Za-z0-9/_.+-]+$ ]] ||
    die "“$LAB_DIR” cannot be a lab: it may contain letters, digits and / _ . + - only"
  # QEMU's monitor socket lies 73 characters deeper, and a socket path ends at 107.
  [ ${#LAB_DIR} -le 34 ] ||
    die "“$LAB_DIR” is too long for a lab: its unix sockets would pass the limit of 107 characters" \
        "choose a directory of at most 34 characters with --dir, such as /tmp/lab"
}

# A directory that somebody else could write to would let them choose what root does in it.
check_owner ()
{
  local owner

  [ ! -L "$LAB_DIR" ] || die "“$LAB_DIR” is a symbolic link; choose another directory with --dir"
  owner=$(stat -c %u -- "$LAB_DIR")
  [ "$owner" = "$UID" ] || [ "$UID" = 0 ] ||
    die "“$LAB_DIR” belongs to uid $owner, not to you; choose another directory with --dir"
  [ "$UID" != 0 ] || [ "$owner" = 0 ] ||
    die "“$LAB_DIR” belongs to uid $owner, not to root" \
        "run this as that user, or choose another directory with --dir"
}

# Reads what up wrote: LAB_RECIPE, LAB_HOSTS, LAB_UID, LAB_GID.
load_lab ()
{
  [ -f "$LAB_DIR/lab.conf" ] ||
    die "there is no lab in “$LAB_DIR”" "start one: lab up --dir $LAB_DIR"
  check_owner
  # shellcheck disable=SC1091
  . "$LAB_DIR/lab.conf"
  use_recipe
}

use_recipe ()
{
  case $LAB_RECIPE in
    a|b) . "$LAB_HOME/recipe-$LAB_RECIPE.sh" ;;
    *) die "there is no recipe “$LAB_RECIPE”; choose a (unprivileged) or b (root, with a network)" ;;
  esac
}

hosts () { seq 1 "$LAB_HOSTS"; }

check_host ()
{
  is_number "$1" && [ "$1" -ge 1 ] && [ "$1" -le "$LAB_HOSTS" ] ||
    die "there is no host “$1”; this lab has 1 to $LAB_HOSTS"
}

check_name ()
{
  [[ $1 =~ ^[A-Za-z0-9_-]+$ ]] ||
    die "“$1” cannot be a guest's name here: letters, digits, _ and - only"
}

# Run as the uid of the daemons.  Root must drop to another one: root's libvirtd is always the
# system one.
as_lab ()
{
  local drop=()

  drop_words
  "${drop[@]}" "$@"
}

# Fills the caller's array drop.
drop_words ()
{
  [ "$UID" = "$LAB_UID" ] ||
    drop=(setpriv --reuid "$LAB_UID" --regid "$LAB_GID" --clear-groups --)
}

# Start a daemon that outlives us and holds none of our files.
spawn ()
{
  local log=$1

  shift
  setsid "$@" </dev/null >>"$log" 2>&1 9>&- &
}

# --- our processes --------------------------------------------------------------------------
# There are no pid files to go stale: each recipe's host_pids finds the processes of a host by what
# cannot be mistaken for another's (an environment or a pid namespace of the lab's own).

# Processes whose environment has exactly this entry.
pids_with_env ()
{
  { grep -lszxF -e "$1" /proc/[0-9]*/environ || true; } | cut -d/ -f3
}

is_gone () { ! [ -e "/proc/$1" ] || [ "$(process_state "$1")" = Z ]; }
is_stopped () { [ "$(process_state "$1")" = T ]; }
is_running () { ! is_stopped "$1"; }

process_state ()
{
  sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null || true
}

libvirtd_pid ()
{
  local pid parent found=

  for pid in $(host_pids "$1"); do
    [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$LIBVIRTD" ] || continue
    # A child between fork and exec looks like its daemon; its parent tells it apart.
    parent=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) || continue
    [ "$(readlink "/proc/$parent/exe" 2>/dev/null)" != "$LIBVIRTD" ] || continue
    found=$pid
  done
  [ -n "$found" ] && printf '%s\n' "$found"
}

qemu_pid ()
{
  local pid

  for pid in $(host_pids "$1"); do
    if grep -qsz -e "^guest=$2," "/proc/$pid/cmdline"; then
      printf '%s\n' "$pid"
      return 0
    fi
  done
  return 1
}

no_host_pids () { [ -z "$(host_pids "$1")" ]; }
no_libvirtd () { ! libvirtd_pid "$1" >/dev/null; }

# --- libvirt --------------------------------------------------------------------------------

# On a terminal virsh starts an agent of polkit, which takes time and complains. In a session of its
# own it has no terminal.
virsh_at ()
{
  local host=$1

  shift
  setsid -w virsh -q -c "$(host_uri "$host")" "$@"
}

# For questions that a hung libvirtd must not hold up.
ask_virsh () { timeout -k 1 10 setsid virsh -q -c "$(host_uri "$1")" "${@:2}" 2>/dev/null </dev/null; }

answers () { [ -S "$(host_socket "$1")" ] && timeout 5 setsid virsh -q -c "$(host_uri "$1")" uri >/dev/null 2>&1; }

answers_or_died () { answers "$1" || no_libvirtd "$1"; }

# Wait for an answer, and for QEMU's capabilities too: a fresh tree takes seconds to probe them, and
# that would fall into somebody's first migration.
await_libvirtd ()
{
  wait_until 2 libvirtd_pid "$1" >/dev/null || true
  wait_until 60 answers_or_died "$1" || die "libvirtd of host $1 does not answer" "see $LAB_DIR/h$1/libvirtd.log"
  answers "$1" || { tail -n 5 "$LAB_DIR/h$1/libvirtd.log" >&2
    die "libvirtd of host $1 ended at once" "see $LAB_DIR/h$1/libvirtd.log"; }
  # The one of guests without an emulator of their own too.
  virsh_at "$1" domcapabilities --virttype qemu --machine "$MACHINE" >/dev/null &&
  virsh_at "$1" domcapabilities --virttype qemu --machine "$MACHINE" --emulatorbin "$(emulator)" >/dev/null ||
    die "libvirtd of host $1 finds no QEMU that can run $MACHINE" "install it: tests/install-packages lab"
}

# A copy, for the daemons' uid may not see where this is.
emulator () { printf '%s\n' "$LAB_DIR/boot/qemu"; }

start_libvirtd ()
{
  libvirtd_pid "$1" >/dev/null || spawn_libvirtd "$1"
}

# libvirt checks by itself whether a kept result still fits this QEMU, so it can always be offered.
offer_capabilities ()
{
  local kept=$CACHE/capabilities-$LAB_UID-$LAB_RECIPE to

  to=$(capabilities_dir "$1")
  [ -d "$kept" ] || return 0
  [ ! -d "$to" ] || return 0
  mkdir -p "$to"
  cp "$kept"/*.xml "$to" 2>/dev/null || true
}

keep_capabilities ()
{
  local kept=$CACHE/capabilities-$LAB_UID-$LAB_RECIPE from file own

  from=$(capabilities_dir "$1")
  # This lab's emulator is at a path that no other lab has.
  own=$(emulator | tr -d '\n' | sha256sum | cut -d ' ' -f 1).xml
  [ -d "$from" ] || return 0
  for file in "$from"/*.xml; do
    [ -f "$file" ] && [ "${file##*/}" != "$own" ] || continue
    ! cmp -s "$file" "$kept/${file##*/}" || continue
    mkdir -p "$kept"
    cp "$file" "$kept/.new.$$" && mv "$kept/.new.$$" "$kept/${file##*/}"
  done
}

# LAB_KEEPALIVE=SECONDSxCOUNT: how soon both daemons notice a peer that is silent.
keepalive_conf ()
{
  [ -n "${LAB_KEEPALIVE-}" ] || return 0
  [[ $LAB_KEEPALIVE =~ ^([0-9]+)x([0-9]+)$ ]] ||
    die "LAB_KEEPALIVE is SECONDSxCOUNT, such as 1x3, not “$LAB_KEEPALIVE”"
  printf 'keepalive_interval = %s\nkeepalive_count = %s\n' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
}

write_conf () { cat >"$1.new" && mv "$1.new" "$1"; }

# The same host keeps its UUID over restarts of the lab in one directory.
host_uuid ()
{
  local sum

  sum=$(printf '%s %s' "$LAB_DIR" "$1" | md5sum)
  printf '%s-%s-4%s-8%s-%s\n' "${sum:0:8}" "${sum:8:4}" "${sum:12:3}" "${sum:15:3}" "${sum:18:12}"
}

dir_sum () { printf '%s' "$LAB_DIR" | cksum | cut -d' ' -f1; }
