// `scan-processes.mjs TREE`: prints the median CPU time of a scan of all QEMUs, the first by a scanner and later ones,
// and what trackedMinutes() measures.
import { rmdirSync } from 'node:fs';
import { QemuScanner } from '../dist/modules/src/host/qemu-scanner.js';
import { RealFs } from '../dist/modules/src/host/real-fs.js';
import { cpuOf, folder, inTurn } from './measure.mjs';
import { trackedMinutes } from './tracked-minutes.mjs';

const files = new RealFs(process.argv[2]);
const known = new QemuScanner(files);
const scan = (scanner) => cpuOf(() => scanner.scan(true));
const [first, again] = inTurn(9, [() => scan(new QemuScanner(files)), () => scan(known)]);
const devices = known.scan(true).qemus.flatMap((qemu) => qemu.devices).length;
const [polled, traced] = [false, true].map((isTraced) => trackedMinutes(files, isTraced));
// that of the benchmark itself is another one
rmdirSync(folder);
console.log(JSON.stringify({ first, again, devices, polled, traced }));
