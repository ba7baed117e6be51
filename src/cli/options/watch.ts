import type { Argv } from 'yargs';
import { ToolError } from '../../lib/errors.js';
import { discoveriesOf, discoverOption, hostOptions, pathsOf, type Take } from './shared.js';

const ABOUT = 'maintain the policies of all running domains';
const SIGNALS = 'SIGTERM and SIGINT stop it; SIGHUP reloads the configuration';

export function watchCommand(parser: Argv, take: Take): void {
  parser.command(
    'watch',
    ABOUT,
    (options) =>
      discoverOption(hostOptions(options))
        .usage(`Usage: $0 watch [options]\n\n${ABOUT}\n${SIGNALS}`)
        .epilogue('Exit status: 0 stopped by a signal or --until-idle, 2 the command failed.')
        .option('metrics', {
          type: 'string',
          requiresArg: true,
          describe: 'write metrics for the textfile collector',
        })
        .option('until-idle', { type: 'boolean', describe: 'exit after the last managed domain' })
        .option('restore-on-exit', { type: 'boolean', describe: 'restore original affinities on exit' })
        .option('no-tracing', { type: 'boolean', describe: 'poll; do not use kernel trace events' })
        .example('sudo $0 watch --metrics /run/hostdev-cpuset.prom', 'with metrics'),
    (given) => {
      const [word] = pathsOf(given._, 'watch');
      if (word !== undefined) throw new ToolError(`watch takes no names: ${word}`);
      const { root, connect, metrics, discover } = given;
      const untilIdle = given['until-idle'] ?? false;
      const restoreOnExit = given['restore-on-exit'] ?? false;
      const options = { paths: [], root, connect, metrics, untilIdle, restoreOnExit, tracing: !given['no-tracing'] };
      take({
        command: 'watch',
        options: discover === undefined ? options : { ...options, discover: discoveriesOf(discover) },
      });
    },
  );
}
