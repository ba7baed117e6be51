#!/usr/bin/env node
import { processIo } from './io.js';
import { run } from './run.js';

run('hostdev-cpuset', process.argv.slice(2), processIo()).then((status) => {
  process.exitCode = status;
});
