# The guest: its kernel, its one program, and reading what it says.
# shellcheck shell=bash

# The order in which they are loaded.  The power button, then a virtio disk.
MODULES=(drivers/acpi/button drivers/input/evdev drivers/virtio/virtio_ring drivers/virtio/virtio
         drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci_legacy_dev
         drivers/virtio/virtio_pci drivers/block/virtio_blk)
MACHINE=q35
# No calibration, no probing of what software emulation does not have; saves a second.
# pti=off: page table isolation empties the emulation's TLB at every way into and out of the kernel.
# That is dear, and nearly hides what guest/qemu is there for: without that a guest would die of a
# lost page now and then, on a busy machine, where without both it dies in each move.
# clocksource=hpet: emulated time is right at once, where the TSC must be measured on a busy host.
KERNEL_OPTIONS="pti=off clocksource=hpet nokaslr lpj=4000000 no_timer_check"
# No watchdogs: a busy host lets the guest wait for seconds, and what they say of it in the middle of
# a line looks like damage done by a move.
KERNEL_OPTIONS+=" nowatchdog rcupdate.rcu_cpu_stall_suppress=1"
KERNEL_PACKAGE=linux-image-cloud-amd64
# Plain enough for mawk, which has no {n}.
LINE='boot=[0-9a-f-]+ count=[0-9]+ dirty=[0-9.]+ rate=[0-9]+[.][0-9]'

# Leaves $CACHE/kernel/vmlinuz and $CACHE/kernel/*.ko, from /boot or from the package.
make_kernel ()
{
  local installed work package

  [ ! -f "$CACHE/kernel/vmlinuz" ] || return 0
  work=$(mktemp -d "$CACHE/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  installed=$(find /boot -maxdepth 1 -name 'vmlinuz-*-cloud-amd64' -readable 2>/dev/null | sort -V | tail -n 1)
  if [ -n "$installed" ] && [ -d "/lib/modules/${installed#/boot/vmlinuz-}/kernel" ]; then
    collect_kernel "$installed" "/lib/modules/${installed#/boot/vmlinuz-}" "$work"
  else
    need apt-get apt
    need dpkg-deb dpkg
    printf 'lab: downloading the guest kernel (27 MB, once)\n' >&2
    package=$(newest_kernel)
    if [ -z "$package" ] && [ "$UID" = 0 ]; then
      apt-get -qq update >&2 || true
      package=$(newest_kernel)
    fi
    [ -n "$package" ] || die "apt knows no package $KERNEL_PACKAGE" \
      "run apt-get update as root; on another system than Debian put a kernel with its modules into" \
      "$CACHE/kernel as vmlinuz, button.ko, evdev.ko, virtio*.ko"
    # The package may be new since the lists were fetched, hence the second try.  apt's own sandbox
    # user cannot write here, and need not.
    (cd "$work" && { apt-get -qq -o APT::Sandbox::User=root download "$package" >&2 ||
      { [ "$UID" = 0 ] && apt-get -qq update >&2 &&
        apt-get -qq -o APT::Sandbox::User=root download "$package" >&2; }; }) ||
      die "the guest kernel $package could not be downloaded" "check the network, then run lab kernel"
    dpkg-deb -x "$work"/linux-image-*.deb "$work/x"
    collect_kernel "$(find "$work/x/boot" -name 'vmlinuz-*')" "$(echo "$work"/x/lib/modules/*)" "$work"
  fi
  rm -rf "$CACHE/kernel"
  mv "$work/kernel" "$CACHE/kernel"
  rm -rf "$work"
  trap - EXIT
}

newest_kernel ()
{
  apt-cache depends "$KERNEL_PACKAGE" 2>/dev/null |
    sed -n 's/^ *Depends: \(linux-image-.*-cloud-amd64\)$/\1/p' | head -n 1
}

collect_kernel ()
{
  local module

  mkdir "$3/kernel"
  cp "$1" "$3/kernel/vmlinuz"
  for module in "${MODULES[@]}"; do
    cp "$2/kernel/$module.ko" "$3/kernel/"
  done
  chmod 0644 "$3/kernel"/*
}

is_initramfs_older ()
{
  local file

  for file; do
    [ "$CACHE/initramfs" -nt "$file" ] || return 0
  done
  return 1
}

# Leaves $CACHE/initramfs.
make_initramfs ()
{
  local sources=("$LAB_HOME"/guest/{dirty,pattern}.c) work module list=

  is_initramfs_older "${sources[@]}" "$LAB_HOME"/guest/guest.h "$LAB_HOME/guest.sh" "$CACHE/kernel/vmlinuz" || return 0
  need cc gcc
  need busybox busybox-static
  work=$(mktemp -d "$CACHE/work.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/root/{proc,dev,modules}
  for module in "${MODULES[@]}"; do
    cp "$CACHE/kernel/${module##*/}.ko" "$work/root/modules/"
    list+="\"/modules/${module##*/}.ko\","
  done
  cc -std=gnu11 -O2 -static -s -DMODULES="$list" -o "$work/root/init" "${sources[@]}" ||
    die "the guest's program could not be compiled" "it needs a C compiler and a static C library: libc6-dev"
  (cd "$work/root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$work/initramfs"
  chmod 0644 "$work/initramfs"
  mv "$work/initramfs" "$CACHE/initramfs"
  rm -rf "$work"
  trap - EXIT
}

cmd_kernel ()
{
  [ $# = 0 ] || usage_error "kernel takes no argument"
  mkdir -p "$CACHE"
  # Tests run side by side; one of them builds.
  {
    flock 9
    make_kernel
    make_initramfs
  } 9>"$CACHE/lock"
  printf '%s\n' "$CACHE/kernel/vmlinuz" "$CACHE/initramfs"
}

# A copy in the lab: at a path that works on all hosts and for the daemons' uid, wherever the cache
# is, and not changed under a running guest.
bring_kernel ()
{
  mkdir -p "$LAB_DIR/boot"
  cmd_kernel >/dev/null
  if [ ! "$LAB_DIR/boot/initramfs" -nt "$CACHE/initramfs" ]; then
    cp "$CACHE/kernel/vmlinuz" "$LAB_DIR/boot/.vmlinuz.$$"
    cp "$CACHE/initramfs" "$LAB_DIR/boot/.initramfs.$$"
    mv "$LAB_DIR/boot/.vmlinuz.$$" "$LAB_DIR/boot/vmlinuz"
    mv "$LAB_DIR/boot/.initramfs.$$" "$LAB_DIR/boot/initramfs"
  fi
}

serial_file () { printf '%s\n' "$LAB_DIR/serial/$1.log"; }

cmd_guest ()
{
  local name= host=1 memory=128 dirty=16 rate=10 mode=clock disk= disk_size=8
  local transient= paused= autostart= whole= idle= power_off= devices= off= pattern= writes= serial xml

  while [ $# -gt 0 ]; do
    case $1 in
      --host) host=${2-}; shift ;;
      --memory) memory=${2-}; shift ;;
      --dirty) dirty=${2-}; shift ;;
      --rate) rate=${2-}; shift ;;
      --mode) mode=${2-}; shift ;;
      --disk) disk=${2-}; shift ;;
      --disk-size) disk_size=${2-}; shift ;;
      --devices) devices=${2-}; shift ;;
      --pattern) pattern=${2-}; shift ;;
      --writes) writes=${2-}; shift ;;
      --whole) whole=1 ;;
      --off) off=1 ;;
      --idle-after) idle=${2-}; shift ;;
      --poweroff-after) power_off=${2-}; shift ;;
      --transient) transient=1 ;;
      --paused) paused=1 ;;
      --autostart) autostart=1 ;;
      -*) usage_error "guest knows no option $1" ;;
      *) [ -z "$name" ] || usage_error "guest takes one name, not also “$1”"; name=$1 ;;
    esac
    [ $# -gt 0 ] || usage_error "guest: the last option needs a value"
    shift
  done
  [ -n "$name" ] || usage_error "guest needs a name"
  check_name "$name"
  check_host "$host"
  for number in "$memory" "$dirty" "$rate" "$disk_size" ${idle:+"$idle"} ${power_off:+"$power_off"} ${pattern:+"$pattern"} ${writes:+"$writes"}; do
    is_number "$number" || usage_error "guest: “$number” is not a whole number"
  done
  [ "$mode" = clock ] || [ "$mode" = cpu ] || usage_error "guest: --mode is clock or cpu"
  # The kernel alone takes about 80 MiB while it starts.
  [ "$memory" -ge $((dirty + 88)) ] ||
    die "$memory MiB are too little for a guest that dirties $dirty MiB" "give it --memory $((dirty + 88)) or more"
  [ -z "$devices" ] || [ -f "$devices" ] || usage_error "guest: there is no file “$devices”"
  [ -z "$transient" ] || [ -z "$off" ] || usage_error "guest: a transient guest cannot be --off"
  [ -z "$transient" ] || [ -z "$autostart" ] || usage_error "guest: a transient guest cannot have --autostart"
  for other in $(hosts); do
    ! ask_virsh "$other" domuuid "$name" >/dev/null ||
      die "there is a guest “$name” on host $other already" "remove it: lab clean-guest $name"
  done

  bring_kernel
  [ -z "$disk" ] || disk=$(make_disk "$host" "$disk" "$disk_size")
  serial=$(serial_file "$name")
  rm -f "$serial"
  xml=$LAB_DIR/guests/$name.xml
  guest_xml "$name" "$memory" "dirty=$dirty rate=$rate mode=$mode${whole:+ whole=1}${idle:+ idle_after=$idle}${power_off:+ poweroff_after=$power_off}${pattern:+ pattern=$pattern}${writes:+ writes=$writes}" \
    "$serial" "$disk" "$devices" >"$xml"
  if [ "$transient" ]; then
    virsh_at "$host" create "$xml" ${paused:+--paused} >/dev/null
  else
    virsh_at "$host" define "$xml" >/dev/null
    [ -z "$autostart" ] || virsh_at "$host" autostart "$name" >/dev/null
    [ -z "$off" ] || return 0
    virsh_at "$host" start "$name" ${paused:+--paused} >/dev/null
  fi
  [ "$paused" ] || wait_until 120 counts_or_died "$host" "$name" || die "guest “$name” does not count after 120 s" \
    "see $serial"
  [ "$paused" ] || last_line "$name" >/dev/null || die "guest “$name” ended at once" "see $serial" \
    "and the log of its QEMU below $LAB_DIR/h$host"
}

counts_or_died () { last_line "$2" >/dev/null || ! qemu_pid "$1" "$2" >/dev/null; }

# A bare name is a file that all hosts share; below /srv/local (recipe B) it is the host's own.
make_disk ()
{
  local host=$1 path=$2 size=$3 file

  case $path in
    /srv/local/*) file=$(local_dir "$host")/${path#/srv/local/} ;;
    /*) file=$path ;;
    *) path=$LAB_DIR/shared/$path; file=$path ;;
  esac
  [ -e "$file" ] || as_lab truncate -s "${size}M" "$file" ||
    die "the disk “$file” could not be made" "the daemons run as uid $LAB_UID and must be able to write there"
  printf '%s\n' "$path"
}

guest_xml ()
{
  local name=$1 memory=$2 parameters=$3 serial=$4 disk=$5 devices=$6

  cat <<END
<domain type='qemu'>
  <name>$name</name>
  <memory unit='MiB'>$memory</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='$MACHINE'>hvm</type>
    <kernel>$LAB_DIR/boot/vmlinuz</kernel>
    <initrd>$LAB_DIR/boot/initramfs</initrd>
    <cmdline>console=ttyS0 quiet $KERNEL_OPTIONS $parameters</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='custom' match='exact' check='none'><model fallback='forbid'>Nehalem</model></cpu>
  <clock offset='utc'/>
  <devices>
    <emulator>$(emulator)</emulator>
    <controller type='usb' model='none'/>
    <serial type='file'><source path='$serial' append='on'/><target port='0'/></serial>
END
  [ -z "$disk" ] || cat <<END
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='$disk'/>
      <target dev='vda' bus='virtio'/>
    </disk>
END
  [ -z "$devices" ] || cat "$devices"
  cat <<END
    <memballoon model='none'/>
  </devices>
</domain>
END
}

# --- what the guest says --------------------------------------------------------------------

# The last complete line; one that is still being written does not count.
last_line ()
{
  local file line last=

  file=$(serial_file "$1")
  [ -f "$file" ] || return 1
  while IFS= read -r line; do
    if [[ $line =~ $LINE ]]; then last=${BASH_REMATCH[0]}; fi
  done < <(tail -c 2000 "$file" | tr -d '\000\r')
  [ -n "$last" ] && printf '%s\n' "$last"
}

last_count ()
{
  local line

  line=$(last_line "$1") || return 1
  line=${line#*count=}
  printf '%s\n' "${line%% *}"
}

cmd_counter ()
{
  local line

  [ $# = 1 ] || usage_error "counter needs a guest's name"
  check_name "$1"
  line=$(last_line "$1") || die "guest “$1” has not counted yet" "see $(serial_file "$1")"
  printf '%s\n' "${line%% dirty=*}"
}

has_counted ()
{
  local count

  count=$(last_count "$1") && [ "$count" -ge "$2" ]
}

cmd_wait_counter ()
{
  local name= target= timeout=60

  while [ $# -gt 0 ]; do
    case $1 in
      --timeout) timeout=${2-}; shift ;;
      -*) usage_error "wait-counter knows no option $1" ;;
      *) if [ -z "$name" ]; then name=$1; else target=$1; fi ;;
    esac
    [ $# -gt 0 ] || usage_error "wait-counter: --timeout needs a value"
    shift
  done
  check_name "$name"
  is_number "${target#+}" && is_number "$timeout" ||
    usage_error "wait-counter takes a guest's name, N or +K, and --timeout SECONDS"
  [ "$target" = "${target#+}" ] || target=$(($(last_count "$name" || echo 0) + ${target#+}))
  wait_until "$timeout" has_counted "$name" "$target" ||
    die "guest “$name” did not count to $target within $timeout s" \
        "its last line: $(last_line "$name" || echo none), see $(serial_file "$name")"
}

# The proof that one guest moved and lived: one boot, every second counted once, no page lost.
cmd_check_counter ()
{
  local file

  [ $# = 1 ] || usage_error "check-counter needs a guest's name"
  check_name "$1"
  file=$(serial_file "$1")
  [ -f "$file" ] || die "there is no serial log of a guest “$1”" "its file would be $file"
  # The last line may be half written; awk would not know, so cut off what no newline ends.
  tr -d '\000\r' <"$file" | awk -v name="$1" -v whole="^.*$LINE\$" \
    -v ends="$(tail -c 1 "$file" | wc -l)" '
    function fault(text) { if (faults++ < 5) print name ": line " NR ": " text }
    { held = line; line = $0; if (NR > 1) look(held, NR - 1) }
    END {
      if (NR > 0 && ends) look(line, NR)
      if (lines == 0) { faults++; print name ": it never counted" }
      printf "%s: boots=%d lines=%d first=%d last=%d faults=%d\n", name, boots, lines, first, last, faults
      exit faults > 0
    }
    function look(text, at,    words, n, id, count) {
      if (text ~ /CORRUPT|FAILED|Kernel panic|Oops|BUG:/) { fault(text); return }
      if (text !~ /boot=|count=/) return
      if (text !~ whole) { fault("torn: " text); return }
      sub(/^.*boot=/, "", text)
      n = split(text, words, /[ =]/)
      id = words[1]; count = words[3] + 0
      if (!(id in seen)) { seen[id] = 1; if (boots++) fault("another boot: " id) }
      if (lines++ == 0) first = count
      else if (id == boot && count != last + 1) fault("count " count " after " last)
      boot = id; last = count
    }'
}
