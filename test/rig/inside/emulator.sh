#!/bin/sh
# QEMU for a guest of another architecture. By default one thread then emulates all vCPUs, and libvirt pins none. Here they never run.
for word; do
  shift
  if [ "$word" = tcg ]; then word=tcg,thread=multi; fi
  set -- "$@" "$word"
done
exec /usr/bin/qemu-system-x86_64 "$@"
