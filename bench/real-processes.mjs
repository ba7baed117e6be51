// Real processes that look like QEMU to the kernel: they have files open that are called like groups of VFIO and have
// the number of /dev/null. They run in namespaces of their own. The rest of the host is a tree.
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './measure.mjs';

/** Run by perl: QEMUS of 8 groups and FILES eventfds each, OTHERS other processes, then the command. */
const START = `
  my ($qemu, $qemus, $files, $others, @command) = @ARGV;
  my @pids;
  $^F = 1e6;
  for my $guest (0 .. $qemus - 1) {
    my $pid = fork // die;
    push @pids, $pid;
    next if $pid;
    my @open;
    for (8 * $guest .. 8 * $guest + 7) { open(my $file, "<", "/dev/vfio/$_") or die "$_: $!"; push @open, $file }
    syscall(290, 0, 0) for 1 .. $files;
    exec $qemu, "-e", "sleep", "--", "-name", "guest=guest$guest,debug-threads=on";
  }
  for (1 .. $others) { my $pid = fork // die; push @pids, $pid; exec "sleep", "600" unless $pid }
  sleep 2;
  my $status = system @command;
  kill "KILL", @pids;
  exit $status >> 8`;

const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const SCRIPT = `
  set -e
  tree=$1 groups=$2
  shift 2
  mount --make-rprivate /
  mount -t tmpfs none /mnt
  mkdir /mnt/vfio
  cp -a /dev/null /dev/urandom /mnt/
  perl -e 'for (0 .. $ARGV[0] - 1) { system("mknod", "/mnt/vfio/$_", "c", 1, 3) && die }' "$groups"
  mount --bind /mnt /dev
  mount --bind /proc "$tree/proc"
  exec perl -e "$START" -- "$@"`;

/** Runs a script of Node among such processes, which gets the tree, and returns what it prints. */
export function runAmongQemus({ tree, qemus, files, others }, script) {
  for (let group = 0; group < 8 * qemus; group++) writeFileSync(join(tree, `sys/class/vfio/${group}/dev`), '1:3\n');
  const qemu = join(tree, 'qemu-system-x86_64');
  copyFileSync(run('sh', ['-c', 'command -v perl']).trim(), qemu);
  process.env.START = START;
  const words = [tree, 8 * qemus, qemu, qemus, files, others, process.execPath, script, tree].map(String);
  return run('unshare', [...NAMESPACES, 'sh', '-c', SCRIPT, 'sh', ...words]);
}
