import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { stringify } from 'yaml';
import type { TemporaryFolder } from '../support/temporary-folder.js';
import { until } from '../support/until.js';

const INTERVAL = '200ms';

export interface Alert {
  state: 'pending' | 'firing';
  labels: Record<string, string>;
}

/**
 * A real node_exporter, which reads a folder of text files, and a real Prometheus, which scrapes it and evaluates rules
 * five times a second. Their ports and folders are their own. Needs `prometheus` and `prometheus-node-exporter`.
 */
export class PrivatePrometheus {
  readonly #processes: { child: ChildProcess; ended: Promise<void> }[] = [];
  #url = '';

  /** @param textFiles the folder that node_exporter reads */
  async start(folder: TemporaryFolder, textFiles: string, rules: object): Promise<void> {
    mkdirSync(textFiles, { recursive: true });
    const exporter = await this.#spawn('prometheus-node-exporter', [
      '--collector.disable-defaults',
      '--collector.textfile',
      `--collector.textfile.directory=${textFiles}`,
    ]);
    const intervals = { scrape_interval: INTERVAL, scrape_timeout: INTERVAL, evaluation_interval: INTERVAL };
    const config = {
      global: intervals,
      rule_files: [folder.write('rules.yaml', stringify(rules))],
      scrape_configs: [{ job_name: 'node', static_configs: [{ targets: [exporter] }] }],
    };
    const file = folder.write('prometheus.yaml', stringify(config));
    const data = folder.join('prometheus');
    const address = await this.#spawn('prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${data}`]);
    this.#url = `http://${address}/api/v1`;
    await until('Prometheus is ready', async () => (await fetch(`http://${address}/-/ready`)).ok);
  }

  /** The address that it listens on, which it logs. */
  async #spawn(program: string, options: string[]): Promise<string> {
    const words = ['--pdeathsig', 'KILL', program, '--web.listen-address=127.0.0.1:0', ...options];
    const child = spawn('setpriv', words, { stdio: ['ignore', 'ignore', 'pipe'] });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.#processes.push({ child, ended });
    let log = '';
    child.stderr.on('data', (text) => {
      log += text;
    });
    let address: string | undefined;
    await until(`${program} listens`, () => {
      if (child.exitCode !== null) throw new Error(`${program} ended:\n${log}`);
      address = /Listening on" address=(127\.0\.0\.1:\d+)/.exec(log)?.[1];
      return address !== undefined;
    });
    return address as string;
  }

  /** @throws what Prometheus says of an invalid query */
  async query(expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
    const { result } = await this.#get(`query?query=${encodeURIComponent(expr)}`);
    return result;
  }

  async alerts(): Promise<Alert[]> {
    return (await this.#get('alerts')).alerts;
  }

  async #get(path: string) {
    const answer = await (await fetch(`${this.#url}/${path}`)).json();
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`);
    return answer.data;
  }

  async stop(): Promise<void> {
    for (const { child } of this.#processes) child.kill('SIGTERM');
    await Promise.all(this.#processes.map(({ ended }) => ended));
  }
}
