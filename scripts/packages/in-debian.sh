#!/bin/sh
# in-debian.sh ROOT PACKAGE TARBALL HOST: installs, uses, updates, removes and purges a package in the root of a Debian
# system, where npm's package has been installed before. HOST is a simulated host, on which the policies of a sample are
# enforced. Run it in mount and PID namespaces of its own.
set -eu
root=$1 package=$2 tarball=$3 host=$4
export DEBIAN_FRONTEND=noninteractive
mount -t proc proc "$root/proc"
mkdir -p "$root/mnt/package" "$root/mnt/host"
mount --bind "$(dirname "$package")" "$root/mnt/package"
mount --bind "$host" "$root/mnt/host"
file=/mnt/package/$(basename "$package")
sample=/usr/share/doc/hostdev-cpuset/samples/gpu.xml
hook=/etc/libvirt/hooks/qemu.d/hostdev-cpuset

inside() { chroot "$root" "$@"; }
fail() {
  echo "$(basename "$root"), $(basename "$package"): $1" >&2
  exit 1
}
# What there is but for caches and what dpkg itself keeps.
list() {
  inside find / -xdev \( -path /proc -o -path /mnt -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/log \) -prune -o -print | sort
}

before=$(list)
mkdir "$root/opt/npm"
tar --extract --no-same-owner --file="$tarball" --directory="$root/opt/npm"
inside node /opt/npm/package/dist/bin/hostdev-cpuset.cjs install >/dev/null || fail 'install fails'
inside dpkg -i "$file" </dev/null >/dev/null || fail 'it is not installed after install'
! grep -qs 'Written by hostdev-cpuset install' "$root$hook" "$root/etc/systemd/system/hostdev-cpuset.service" || fail 'files of install stay'
rm -r "$root/opt/npm"
inside lint-domain "$sample" 2>/dev/null || fail 'lint-domain fails'
[ "$(inside systemctl is-enabled hostdev-cpuset)" = enabled ] || fail 'the service is not enabled'
inside hostdev-cpuset enforce --root /mnt/host "$sample" | grep -q ' 0 failed$' || fail 'enforce fails'
inside "$hook" guest started begin - </dev/null || fail 'the hook fails'
inside systemctl disable hostdev-cpuset 2>/dev/null
inside dpkg -i "$file" >/dev/null || fail 'it is not updated'
[ "$(inside systemctl is-enabled hostdev-cpuset)" = disabled ] || fail 'an update enables the service'
inside dpkg --remove hostdev-cpuset >/dev/null || fail 'it is not removed'
inside "$hook" guest started begin - </dev/null || fail 'the hook fails after the package was removed'
inside dpkg --purge hostdev-cpuset >/dev/null || fail 'it is not purged'
[ "$(list)" = "$before" ] || fail 'a purge leaves something'
echo "$(basename "$root"), $(basename "$package"): passed"
