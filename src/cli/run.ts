import { plainMessage } from '../lib/errno.js';
import { isExpected } from '../lib/errors.js';
import type { PlanOptions } from './commands/plan.js';
import type { StatusOptions } from './commands/status.js';
import { EXIT, errorLine, type Io } from './io.js';
import { betweenWrites } from './signals.js';

/** Node's message for a current directory that was removed is hard to understand. */
function plainMessageOf(error: Error): string {
  const isCurrentDirectory = (error as NodeJS.ErrnoException).syscall === 'uv_cwd';
  return isCurrentDirectory ? 'the current directory was removed' : plainMessage(error);
}

/** Runs one command line and returns the exit status. An expected error is printed as one line; a bug throws. */
export async function run(program: string, args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(program, args, io);
  } catch (error) {
    if (!isExpected(error)) throw error;
    io.stderr.write(errorLine(program, plainMessageOf(error)));
    return EXIT.failed;
  }
}

async function dispatch(program: string, args: readonly string[], io: Io): Promise<number> {
  // without options there is nothing to parse: the argument parser takes a third of the time of a small document
  if (program === 'lint-domain' && args.length > 0 && !args.some((arg) => arg.startsWith('-'))) {
    return (await import('./document-commands.js')).lint({ paths: args }, io);
  }
  const { parseArguments } = await import('./arguments.js');
  const request = await parseArguments(program, args);
  if (request.command === 'print') {
    io.stdout.write(request.text);
    return EXIT.ok;
  }
  if (request.command === 'watch') return (await import('./commands/watch.js')).watchCommand(request.options, io);
  if (request.command === 'edit') return (await import('./commands/edit.js')).editCommand(request.options, io);
  if (request.command === 'set') return (await import('./commands/set.js')).setCommand(request.options, io);
  if (request.command === 'attach') return (await import('./commands/attach.js')).attachCommand(request.options, io);
  if (request.command === 'install') {
    const { installCommand } = await import('./commands/install.js');
    return betweenWrites(() => installCommand(request.options, io));
  }
  if (request.command === 'status') return status(request.options, io);
  const { paths } = request.options;
  const hasDomains = request.command === 'plan' && areKnown(request.options);
  if (paths.length === 0 && !hasDomains) {
    if (io.stdin.isTTY) {
      // standard input is a terminal, on which users do not type XML: print the usage
      const help = await parseArguments(program, [...args, '--help']);
      if (help.command === 'print') io.stderr.write(help.text);
      return EXIT.failed;
    }
    request.options.paths = ['-'];
  }
  if (request.command === 'report') {
    const { options } = request;
    const { reportCommand } = await import('./commands/report.js');
    return betweenWrites(() => reportCommand(options, io));
  }
  if (request.command === 'plan') return (await import('./commands/plan.js')).planCommand(request.options, io);
  if (request.command === 'define') return (await import('./commands/define.js')).defineCommand(request.options, io);
  if (request.command === 'lint') return (await import('./document-commands.js')).lint(request.options, io);
  const { normalizeCommand, expandCommand } = await import('./commands/transform.js');
  return request.command === 'normalize' ? normalizeCommand(request.options, io) : expandCommand(request.options, io);
}

/** Domains are named, or are to be found. */
const areKnown = ({ domains, discover }: PlanOptions) => domains.length > 0 || discover !== undefined;

async function status(options: StatusOptions, io: Io): Promise<number> {
  const { watch, html, check } = options;
  if (watch !== undefined) return (await import('./commands/status-watch.js')).watchStatus(options, watch, io);
  if (html !== undefined) {
    const { statusPage } = await import('./commands/status-html.js');
    return betweenWrites(() => statusPage(options, html, io));
  }
  if (check) return (await import('./commands/status-check.js')).checkStatus(options, io);
  return (await import('./commands/status.js')).statusCommand(options, io);
}
