#!/bin/sh
# in-other-inits.sh ROOT PACKAGE HOST: runs the watcher by OpenRC and by runit in the root of a Debian system that has both.
# HOST is a simulated host, with one guest whose interrupts belong on CPU 2-3. Run it in mount and PID namespaces of its
# own, below an init that reaps processes: supervise-daemon waits until the process table has lost the one that it ends.
set -eu
root=$1 package=$2 host=$3
export DEBIAN_FRONTEND=noninteractive
# pgrep must see the processes of this namespace
mount -t proc proc /proc
mount -t proc proc "$root/proc"
mount -t tmpfs run "$root/run"
mkdir -p "$root/mnt/host"
mount --bind "$host" "$root/mnt/host"
mask="$host/proc/irq/40/smp_affinity"
options='WATCH_OPTIONS="--root /mnt/host --discover proc"'

inside() { chroot "$root" "$@"; }
fail() {
  echo "$(basename "$root"): $1" >&2
  exit 1
}
# Runs a command until it succeeds, for up to 20 s.
wait_for() {
  for _ in $(seq 100); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.2
  done
  return 1
}
watchers() { pgrep -f '/hostdev-cpuset(\.cjs)? watch'; }
is_placed() { grep -q '0*c$' "$mask"; }
has_ended() { ! watchers; }
# The watcher repairs the mask, also after it was killed, and ends when its service is stopped.
check_service() {
  wait_for is_placed || fail "$1: the interrupt is not placed"
  pkill -KILL -o -f '/hostdev-cpuset(\.cjs)? watch'
  echo ff >"$mask"
  wait_for is_placed || fail "$1: the watcher is not started again"
}

cp "$package" "$root/mnt/hostdev-cpuset.deb"
inside dpkg -i /mnt/hostdev-cpuset.deb >/dev/null

echo ff >"$mask"
install -m 755 service/openrc "$root/etc/init.d/hostdev-cpuset"
mkdir -p "$root/etc/conf.d"
echo "$options" >"$root/etc/conf.d/hostdev-cpuset"
# As OpenRC's init would.
for name in daemons exclusive failed hotplugged inactive options scheduled started starting stopping wasinactive; do
  mkdir -p "$root/run/openrc/$name"
done
: >"$root/run/openrc/softlevel"
inside rc-service --quiet hostdev-cpuset start || fail 'OpenRC: start fails'
check_service OpenRC
inside rc-service --quiet hostdev-cpuset status || fail 'OpenRC: status fails'
inside rc-service --quiet hostdev-cpuset stop || fail 'OpenRC: stop fails'
has_ended || fail 'OpenRC: the watcher runs after stop'

echo ff >"$mask"
install -D -m 755 service/runit-run "$root/etc/sv/hostdev-cpuset/run"
echo "$options" >"$root/etc/default/hostdev-cpuset"
inside runsv /etc/sv/hostdev-cpuset >/dev/null 2>&1 &
check_service runit
inside sv status /etc/sv/hostdev-cpuset >/dev/null || fail 'runit: status fails'
inside sv stop /etc/sv/hostdev-cpuset >/dev/null || fail 'runit: stop fails'
has_ended || fail 'runit: the watcher runs after stop'
inside sv exit /etc/sv/hostdev-cpuset >/dev/null

inside dpkg --purge hostdev-cpuset >/dev/null 2>&1
echo "$(basename "$root"), OpenRC and runit: passed"
