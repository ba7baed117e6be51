# Process 1 of the emulated host after its initramfs: the little that programs expect of a system, then the scenes, then power off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 NO_COLOR=1
mkdir -p /dev/pts /dev/shm /run/lock
ln -s /run /var/run
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tracefs tracefs /sys/kernel/tracing
cp -a /rig/etc/. /etc/
hostname rig
ip link set lo up
# no debugging, no echo: the second serial line takes what it is given
stty -F /dev/ttyS1 raw -echo
cd / || exit
setsid node /rig/scenes.cjs </dev/null
echo "the scenes ended with status $?"
sync
busybox poweroff -f
