import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { run } from './run.js';

const RUNTIME = '/run/containers';

export const CONTAINER_LOG = '/var/log/containers.log';

/** The part of the OCI runtime's configuration that is changed here. */
export interface RuntimeConfig {
  process: {
    terminal: boolean;
    args: string[];
    env: string[];
    user: { uid: number; gid: number };
    capabilities: Partial<Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>>;
    noNewPrivileges: boolean;
    rlimits: { type: string; hard: number; soft: number }[];
  };
  root: { path: string; readonly: boolean };
  hostname: string;
  mounts: { destination: string; type: string; source: string; options?: string[] }[];
  linux: {
    namespaces: { type: string }[];
    cgroupsPath?: string;
    resources: { devices?: DeviceRule[]; cpu?: { cpus: string } };
    devices?: Device[];
  };
}

interface DeviceRule {
  allow: boolean;
  type?: 'c';
  major?: number;
  minor?: number;
  access: string;
}

export interface Device {
  path: string;
  type: 'c';
  major: number;
  minor: number;
  fileMode: number;
  uid: number;
  gid: number;
}

/** A container of runc. Its image has the host's /usr, read-only, and a copy of its first /etc. */
export class Container {
  private constructor(
    readonly name: string,
    /** of its first process, on the host */
    readonly pid: number,
  ) {}

  /**
   * @param configure changes runc's own default configuration
   * @param fill adds files to the image, of which it gets the directory
   */
  static async start(
    name: string,
    configure: (config: RuntimeConfig) => void,
    fill: (image: string) => void = () => {},
  ): Promise<Container> {
    const bundle = `${RUNTIME}/${name}`;
    rmSync(bundle, { recursive: true, force: true });
    const image = `${bundle}/rootfs`;
    for (const folder of ['run', 'tmp', 'usr', 'var']) mkdirSync(`${image}/${folder}`, { recursive: true });
    for (const folder of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${folder}`, `${image}/${folder}`);
    symlinkSync('/run', `${image}/var/run`);
    cpSync('/rig/etc', `${image}/etc`, { recursive: true, verbatimSymlinks: true });
    // else each Node compares it with all that /usr/share/zoneinfo has
    symlinkSync('/usr/share/zoneinfo/Etc/UTC', `${image}/etc/localtime`);
    fill(image);
    await run('runc', 'spec', '--bundle', bundle);
    const config = JSON.parse(readFileSync(`${bundle}/config.json`, 'utf8')) as RuntimeConfig;
    config.process.terminal = false;
    config.hostname = name;
    config.mounts.push({ destination: '/usr', type: 'bind', source: '/usr', options: ['rbind', 'ro'] });
    configure(config);
    writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
    const log = openSync(CONTAINER_LOG, 'a');
    const words = ['run', '--detach', '--bundle', bundle, '--pid-file', `${bundle}/pid`, name];
    const runc = spawn('runc', words, { stdio: ['ignore', log, log] });
    const [status] = await once(runc, 'exit');
    if (status !== 0) throw new Error(`runc ${words.join(' ')}: ${status}\n${readFileSync(CONTAINER_LOG, 'utf8')}`);
    return new Container(name, Number(readFileSync(`${bundle}/pid`, 'utf8')));
  }

  exec(...words: string[]): Promise<string> {
    return run('runc', 'exec', this.name, ...words);
  }

  /** The path by which the host reaches a file of the container. */
  path(inside: string): string {
    return `/proc/${this.pid}/root${inside}`;
  }

  /** Ends it with all its processes. */
  async remove(): Promise<void> {
    await run('runc', 'delete', '--force', this.name);
  }
}
