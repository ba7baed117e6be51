// `scan-processes.mjs TREE`: prints the median CPU time of a scan of all QEMUs, the first by a scanner and later ones.
import { QemuScanner } from '../dist/modules/src/host/qemu-scanner.js';
import { RealFs } from '../dist/modules/src/host/real-fs.js';
import { cpuOf, inTurn } from './measure.mjs';

const files = new RealFs(process.argv[2]);
const known = new QemuScanner(files);
const scan = (scanner) => cpuOf(() => scanner.scan(true));
const [first, again] = inTurn(9, [() => scan(new QemuScanner(files)), () => scan(known)]);
const { qemus } = known.scan(true);
console.log(JSON.stringify({ first, again, devices: qemus.flatMap(({ devices }) => devices).length }));
