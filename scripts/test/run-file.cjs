// node run-file.cjs FILE RESULT TMPDIR COLOR: runs one compiled test file with uvu in its own process. At exit it
// writes the JSON document RESULT: {finished, suites: [{name, declared, started, passed, only, isRun}], skipped,
// failures: [text]}. If a signal ends the process, there is no RESULT.
const { writeFileSync } = require('node:fs');
const { resolve } = require('node:path');
// With these globals, uvu's run() only adds a suite to the queue; this script runs the queue.
const queue = [];
Object.assign(globalThis, { UVU_DEFER: 1, UVU_INDEX: 0, UVU_QUEUE: [queue] });
const uvu = require('uvu');

const [file, resultPath, temporaryFolder, color] = process.argv.slice(2);
process.env.TMPDIR = temporaryFolder;
require(require.resolve('kleur', { paths: [require.resolve('uvu')] })).enabled = color === 'color';

/** How long open resources may keep the process alive after the last test. */
const LINGER_LIMIT_MS = 5000;

const result = { finished: false, suites: [], skipped: 0, failures: [] };
process.on('exit', () => writeFileSync(resultPath, JSON.stringify(result)));

const originalSuite = uvu.suite;
Object.assign(uvu, { suite: countingSuite, test: countingSuite('') });
runAll();

async function runAll() {
  require(resolve(file));
  for (const runSuite of queue) {
    try {
      const [errors, , skipped] = await runSuite();
      result.skipped += skipped;
      if (typeof errors === 'string') result.failures.push(errors);
    } catch (error) {
      result.failures.push(`a hook failed: ${textOf(error)}`);
    }
  }
  result.finished = true;
  process.exitCode = result.failures.length > 0 ? 1 : 0;
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().filter((name) => !/^(TTYWrap|FSReqCallback)$/.test(name));
    result.failures.push(`still open ${LINGER_LIMIT_MS / 1000} s after the last test: ${open.join(', ')}`);
    process.exit(1);
  }, LINGER_LIMIT_MS).unref();
}

/** Wraps uvu's suite: counts tests, and reports errors of hooks that uvu ignores. */
function countingSuite(name, state) {
  const original = originalSuite(name, state);
  const counts = { name, declared: 0, started: 0, passed: 0, only: 0, isRun: false };
  result.suites.push(counts);
  const counted = (handler) => async (context) => {
    counts.started++;
    await handler(context);
    counts.passed++;
  };
  const declare = (title, handler) => {
    counts.declared++;
    original(title, counted(handler));
  };
  const reported = (kind, hook) => async (context) => {
    try {
      await hook(context);
    } catch (error) {
      result.failures.push(`a ${kind} hook of "${name}" failed: ${textOf(error)}`);
      throw error;
    }
  };
  const before = (hook) => original.before(reported('before', hook));
  const after = (hook) => original.after(hook);
  const afterEach = (hook) => original.after.each(reported('after.each', hook));
  const only = (title, handler) => {
    counts.declared++;
    counts.only++;
    original.only(title, counted(handler));
  };
  const run = () => {
    counts.isRun = true;
    original.run();
  };
  return Object.assign(declare, {
    before: Object.assign(before, { each: original.before.each }),
    after: Object.assign(after, { each: afterEach }),
    only,
    skip: original.skip,
    run,
  });
}

function textOf(error) {
  return error instanceof Error ? error.stack : String(error);
}
