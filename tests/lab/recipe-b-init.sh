#!/bin/bash
# Pid 1 of a host of recipe B: gives it files of its own, then only reaps.  It is not libvirtd, so
# that libvirtd can be killed alone; killing this shell is the host losing its power.
set -euo pipefail

dir=$1
name=$2

hostname "$name" 2>/dev/null || printf '%s\n' "$name" >/proc/sys/kernel/hostname
mount -t proc proc /proc
# Shows this network namespace's cards; libvirt asks about those of the other one otherwise.
mount -t sysfs sysfs /sys 2>/dev/null || true

# What is mounted below /run (others' network namespaces too) would be kept alive by our copy.
umount -R -l /run/netns 2>/dev/null || true
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir -p /run/lock

for pair in etc:/etc/libvirt lib:/var/lib/libvirt log:/var/log/libvirt cache:/var/cache/libvirt; do
  # These come with Debian's packages; an empty folder made here stays on this machine.
  mkdir -p "${pair#*:}"
  mount --bind "$dir/${pair%%:*}" "${pair#*:}"
done
mount --bind "$dir/hosts" /etc/hosts

# Debian's libvirtd does not start without the user of its default configuration, even if ours names
# another.  It comes with libvirt-daemon-system, which the lab can then do without.
for file in passwd group; do
  ! grep -q '^libvirt-qemu:' "/etc/$file" || continue
  case $file in
    passwd) line=libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin ;;
    group) line=libvirt-qemu:x:64055: ;;
  esac
  { cat "/etc/$file"; printf '%s\n' "$line"; } >"$dir/$file"
  mount --bind "$dir/$file" "/etc/$file"
done

# Disks that only this host sees: /srv/local, on a tmpfs so that the machine's /srv stays as it is.
mount -t tmpfs -o mode=0755 tmpfs /srv
mkdir /srv/local
mount --bind "$dir/local" /srv/local

# No IPv6 chatter on the bridge.
[ ! -e /proc/sys/net/ipv6/conf/all/disable_ipv6 ] || echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6

: >"$dir/ready"

# bash collects every child that ends, those it has inherited too.
trap '' TERM INT HUP
while :; do
  sleep 86400 &
  wait $! || true
done
