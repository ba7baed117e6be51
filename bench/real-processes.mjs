// Real processes that look like QEMU to the kernel: they have files open that are called like groups of VFIO and have
// the number of /dev/null. They run in namespaces of their own. Each has a user, as many mounts as a pod, and the files
// of its libvirt there. The rest of the host is a tree.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './measure.mjs';

/**
 * Run by perl: QEMUS of 8 groups and FILES eventfds each, OTHERS other processes, then the command. PODS has a folder
 * for each QEMU; in its files PID stands for that of the process.
 */
const START = `
  my ($qemu, $qemus, $files, $others, $pods, @command) = @ARGV;
  my @pids;
  $^F = 1e6;
  for my $guest (0 .. $qemus - 1) {
    my $pid = fork // die;
    push @pids, $pid;
    next if $pid;
    for my $path (glob("$pods/$guest/*.pid $pods/$guest/*.xml")) {
      open(my $file, "+<", $path) or die "$path: $!";
      my $text = join "", <$file>;
      $text =~ s/PID/$$/g;
      seek $file, 0, 0;
      print $file $text;
      truncate $file, tell $file;
      close $file or die;
    }
    # unshare(CLONE_NEWNS), mount(MS_BIND)
    syscall(272, 0x20000) == 0 or die "unshare: $!";
    my ($from, $to, $none) = ("$pods/$guest", "/run/libvirt/qemu/run", "");
    syscall(165, $from, $to, $none, 4096, 0) == 0 or die "mount: $!";
    my @open;
    for (8 * $guest .. 8 * $guest + 7) { open(my $file, "<", "/dev/vfio/$_") or die "$_: $!"; push @open, $file }
    syscall(290, 0, 0) for 1 .. $files;
    $( = $) = 10000 + $guest;
    $< = $> = 10000 + $guest;
    exec $qemu, "-e", "sleep", "--", "-name", "guest=guest$guest,debug-threads=on" or die "$qemu: $!";
  }
  for (1 .. $others) {
    my $pid = fork // die;
    push @pids, $pid;
    $pid or exec "sleep", "600" or die;
  }
  sleep 2;
  my $status = system @command;
  kill "KILL", @pids;
  exit $status >> 8`;

const NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
/** A container has some 40 mounts. */
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
  mount -t tmpfs none /run
  mkdir -p /run/libvirt/qemu/run /run/volumes
  # of a folder that every user can reach
  cp "$(command -v perl)" "$1"
  for volume in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    mkdir "/run/volumes/$volume"
    mount -t tmpfs none "/run/volumes/$volume"
  done
  exec perl -e "$START" -- "$@"`;

/**
 * Runs a script of Node among such processes, which gets the tree, and returns what it prints.
 * @param filesOf makes the files of a QEMU, by name
 */
export function runAmongQemus({ tree, qemus, files, others, filesOf }, script) {
  for (let group = 0; group < 8 * qemus; group++) writeFileSync(join(tree, `sys/class/vfio/${group}/dev`), '1:3\n');
  const pods = join(tree, 'pods');
  for (let guest = 0; guest < qemus; guest++) {
    mkdirSync(join(pods, `${guest}`), { recursive: true });
    for (const [name, text] of Object.entries(filesOf(guest))) writeFileSync(join(pods, `${guest}`, name), text);
  }
  const qemu = '/run/qemu-system-x86_64';
  process.env.START = START;
  const words = [tree, 8 * qemus, qemu, qemus, files, others, pods, process.execPath, script, tree].map(String);
  return run('unshare', [...NAMESPACES, 'sh', '-c', SCRIPT, 'sh', ...words]);
}
