import { FileError, type OpenFile, type PseudoFs, type WritableFile } from '../../src/host/pseudo-fs.js';

/**
 * Files with given texts, by path. A value that is an error is thrown when it is read. Directories follow from the
 * paths.
 */
export class FixedFiles implements PseudoFs {
  readonly root = '';

  constructor(private readonly texts: Record<string, string | FileError>) {}

  read(path: string): string | undefined {
    const text = this.texts[path];
    if (text instanceof FileError) throw text;
    return text;
  }

  readTrusted(path: string): string | undefined {
    return this.read(path);
  }

  list(path: string): string[] | undefined {
    const below = Object.keys(this.texts).filter((other) => other.startsWith(`${path}/`));
    const names = new Set(below.map((other) => other.slice(path.length + 1).split('/')[0] as string));
    return names.size > 0 ? [...names] : undefined;
  }

  countDescriptors(): undefined {
    return undefined;
  }

  countFolders(): number | undefined {
    return undefined;
  }

  link(path: string): string | undefined {
    return this.linkTarget(path)?.split('/').at(-1);
  }

  linkTarget(path: string): string | undefined {
    return this.read(path);
  }

  openDeviceNumbers(): undefined {
    return undefined;
  }

  inProcess(): undefined {
    return undefined;
  }

  write(path: string): void {
    throw new FileError('EACCES', path);
  }

  open(path: string): OpenFile {
    return this.openToWrite(path);
  }

  openToWrite(path: string): WritableFile {
    return { read: () => this.read(path), write: () => this.write(path), isKept: false, close: () => {} };
  }
}
