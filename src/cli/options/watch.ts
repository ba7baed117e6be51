import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { hostOptions, pathsOf, type Take } from './shared.js';

const ABOUT = "hold every running domain's policy";
const SIGNALS = 'SIGTERM and SIGINT end it, SIGHUP has the configuration read again.';

export function watchCommand(parser: Argv, take: Take): void {
  parser.command(
    'watch',
    ABOUT,
    (options) =>
      hostOptions(options)
        .usage(`Usage: $0 watch [options]\n\n${ABOUT}\n${SIGNALS}`)
        .epilogue('Exit status: 0 it ended as told, 2 the tool failed.')
        .option('metrics', {
          type: 'string',
          requiresArg: true,
          describe: "a file for Prometheus's textfile collector",
        })
        .option('until-idle', { type: 'boolean', describe: 'end with the last domain' })
        .option('restore-on-exit', { type: 'boolean', describe: 'give interrupts back what they had' })
        .option('no-tracing', { type: 'boolean', describe: 'look at intervals, ask no kernel' })
        .example('sudo $0 watch --metrics /run/hostdev-cpuset.prom', 'with figures'),
    (given) => {
      const [word] = pathsOf(given._, 'watch');
      if (word !== undefined) throw new ToolError(`watch takes no names: ${word}`);
      const { root, connect, metrics } = given;
      const untilIdle = given['until-idle'] ?? false;
      const restoreOnExit = given['restore-on-exit'] ?? false;
      const options = { paths: [], root, connect, metrics, untilIdle, restoreOnExit, tracing: !given['no-tracing'] };
      take({ command: 'watch', options });
    },
  );
}
