# Process 1 of the emulated host after its initramfs, until it becomes systemd: which has nothing to do here but the scenes.
PATH=/usr/sbin:/usr/bin
cp -a /rig/etc/. /etc/
ln -s /run /var/run
# else each Node compares it with all that /usr/share/zoneinfo has
ln -s /usr/share/zoneinfo/Etc/UTC /etc/localtime
# what the machine's own services and generators want of a boot is of no use here, and takes its time
rm -f /usr/lib/systemd/system-generators/* /usr/lib/systemd/system/*.wants/*
# no debugging, no echo: the second serial line takes what it is given
stty -F /dev/report raw -echo
exec /usr/lib/systemd/systemd --unit=rig.service
