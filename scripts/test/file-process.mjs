import { spawn } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sourcePlaces } from './source-places.mjs';

const RUN_FILE = fileURLToPath(new URL('run-file.cjs', import.meta.url));
/** Time that child processes of a test file have to exit after it. */
const END_LIMIT_MS = 2000;
/** Cache directories that Node's tools keep between runs. */
const CACHES = /^(tsx-\d+|node-compile-cache|node-jiti)$/;

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    for (const pid of running) killGroup(pid);
    process.kill(process.pid, signal);
  });

/**
 * Runs one test file in its own process group, with a temporary directory and a home directory below `folder`.
 * @param {string} file its path, relative to the root of the compiled code
 * @param {{compiled: string, folder: string, timeLimitMs: number, env: NodeJS.ProcessEnv, color: boolean}} options
 *   `compiled`: the folder of the code from compile.mjs
 * @returns {Promise<{passed: number, failed: number, skipped: number, output: string, failures: string[],
 *   durationMs: number}>} `failed` counts the tests that did not pass, and is at least 1 after any other fault
 */
export async function runFile(file, { compiled, folder, timeLimitMs, env, color }) {
  const temporary = join(folder, 't');
  const [log, resultPath] = [join(folder, 'log'), join(folder, 'result')];
  const home = join(folder, 'home');
  for (const path of [temporary, home]) mkdirSync(path, { recursive: true });
  // Same mode as /tmp: some tests act as another user in their own directories.
  chmodSync(folder, 0o711);
  chmodSync(temporary, 0o1777);
  const words = [
    RUN_FILE,
    join(compiled, file.replace(/\.ts$/, '.js')),
    resultPath,
    temporary,
    color ? 'color' : 'plain',
  ];
  const descriptor = openSync(log, 'w');
  const start = Date.now();
  const options = { detached: true, env: { ...env, HOME: home }, stdio: ['ignore', descriptor, descriptor] };
  const child = spawn(process.execPath, words, options);
  closeSync(descriptor);
  const failures = [];
  running.add(child.pid);
  const guard = setTimeout(() => {
    failures.push(`still runs after ${timeLimitMs / 1000} s: it was killed`);
    killGroup(child.pid);
  }, timeLimitMs);
  const { code, signal } = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
  });
  clearTimeout(guard);
  const durationMs = Date.now() - start;
  failures.push(...(await endOfGroup(child.pid)));
  running.delete(child.pid);
  const left = readdirSync(temporary).filter((name) => !CACHES.test(name));
  if (left.length > 0) failures.push(`left in the temporary folder: ${left.join(', ')}`);
  const outcome = judge(readResult(resultPath), { code, signal }, failures);
  const inSource = (text) => sourcePlaces(text, compiled);
  const output = inSource(readFileSync(log, 'utf8'));
  return { ...outcome, failures: outcome.failures.map(inSource), output, durationMs };
}

/** Compares declared with passed tests: uvu exits 0 even if run() is missing or a `before` hook fails. */
function judge(result, { code, signal }, more) {
  const sum = (field) => result.suites.reduce((total, suite) => total + suite[field], 0);
  const failures = [...result.failures, ...more];
  if (signal !== null) failures.push(`ended by ${signal}`);
  else if (!result.finished) failures.push(`ended with status ${code} before its tests did`);
  else if (code !== 0 && result.failures.length === 0) failures.push(`ended with status ${code}`);
  for (const { name, declared, started, only, isRun } of result.suites) {
    if (!isRun && declared > 0) failures.push(`"${name}" is not run: run() is missing`);
    else if (only > 0) failures.push(`"${name}" runs ${only} of ${declared} tests: only() is left in it`);
    else if (started < declared && result.finished)
      failures.push(`"${name}": ${started} of its ${declared} tests started`);
  }
  const [declared, passed, skipped] = [sum('declared'), sum('passed'), result.skipped];
  if (declared + skipped === 0 && failures.length === 0) failures.push('it has no tests');
  const failed = Math.max(declared - passed, failures.length > 0 ? 1 : 0);
  return { passed, failed, skipped, failures };
}

function readResult(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { finished: false, suites: [], skipped: 0, failures: [] };
  }
}

/** Waits for the processes that a test started. Kills and reports those that remain. */
async function endOfGroup(pid) {
  for (const end = Date.now() + END_LIMIT_MS; isAlive(pid); await sleep(20)) {
    if (Date.now() < end) continue;
    const commands = commandsOf(pid);
    killGroup(pid);
    return commands.length > 0 ? [`left running: ${commands.join(', ')}`] : [];
  }
  return [];
}

function isAlive(pid) {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All processes have exited.
  }
}

/** The commands that run in a process group, without zombies. */
function commandsOf(group) {
  const processes = process.platform === 'linux' ? readdirSync('/proc').filter((name) => /^\d+$/.test(name)) : [];
  return processes.flatMap((pid) => {
    try {
      const [, command, state, itsGroup] = /\((.*)\) (.) \d+ (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      return Number(itsGroup) === group && state !== 'Z' ? [`${command} (${pid})`] : [];
    } catch {
      return [];
    }
  });
}
