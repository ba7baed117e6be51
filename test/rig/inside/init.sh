#!/bin/sh
# /init of the emulated host's initramfs: loads modules, lays the root out in memory with this machine's /usr below it (read-only, by
# 9p, with the packed package and an overlay on top), and goes on there with main.sh.
export PATH=/bin
give_up() {
  echo "init: $1"
  poweroff -f
}
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
# $cards and $report are on the kernel's command line: see machine/board.ts
ln -s "$report" /dev/report
# the host's drivers never see these cards: a scene passes all of them through at once
for card in /sys/bus/pci/devices/$cards:00.0; do echo vfio-pci >"$card/driver_override"; done
while read -r module; do insmod "$module" || echo "init: $module is not loaded"; done </modules

root=/newroot
mount -t tmpfs -o size=70%,mode=755 root $root
for folder in dev etc proc rig root run sys tmp usr var/cache var/lib var/log var/tmp .lower .upper .work .cache; do mkdir -p $root/$folder; done
ninep=trans=virtio,version=9p2000.L,msize=1048576
mount -t 9p -o $ninep,ro,cache=loose usr $root/.lower
mount -t 9p -o $ninep,ro,cache=loose rig $root/rig
mount -t 9p -o $ninep,rw,cache=none cache $root/.cache
mount -t overlay -o lowerdir=$root/rig/usr:$root/.lower,upperdir=$root/.upper,workdir=$root/.work usr $root/usr || give_up 'no /usr'
for folder in bin sbin lib lib64; do ln -s usr/$folder $root/$folder; done
for folder in proc sys dev; do mount --move /$folder $root/$folder; done
exec switch_root $root /bin/sh /rig/main.sh
