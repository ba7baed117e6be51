import { FileError, type PseudoFs } from './pseudo-fs.js';

/**
 * Whether this host can post device interrupts to vCPUs. Whether a certain vector is posted is a different question.
 */
export interface Posting {
  /** null: unknown, as the readable files do not decide it */
  possible: boolean | null;
  /** one line: the fact that decides it, or why it is unknown */
  evidence: string;
}

const IOMMUS = '/sys/class/iommu';

/**
 * For each kind of IOMMU: the bits that posting needs, and the parameter of its KVM module that says whether vCPUs have
 * a hardware APIC.
 */
const KINDS = [
  // kernel: drivers/iommu/intel/irq_remapping.c, set_irq_posting_cap(): every IOMMU must have it
  { file: 'intel-iommu/cap', bits: [59n], module: 'kvm_intel', parameter: 'enable_apicv', apic: 'APICv' },
  // kernel: drivers/iommu/amd/init.c, enable_iommus_vapic(): GASup and GAMSup
  { file: 'amd-iommu/features', bits: [7n, 21n], module: 'kvm_amd', parameter: 'avic', apic: 'AVIC' },
] as const;

/**
 * Reads the conditions of posting: IOMMUs, kernel command line, parameters of KVM's modules. Never throws FileError.
 */
export function readPosting(files: PseudoFs): Posting {
  try {
    return commandLineForbids(files) ?? moduleForbids(files) ?? ofIommus(files);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { possible: null, evidence: error.message };
  }
}

const never = (evidence: string): Posting => ({ possible: false, evidence });

/**
 * Parses `intremap=` as the kernel does: the last on, off or nopost applies, and only the start of each word is
 * compared (drivers/iommu/irq_remapping.c, setup_irqremap). `nosid` is irrelevant.
 */
function commandLineForbids(files: PseudoFs): Posting | undefined {
  let forbidden: string | undefined;
  for (const word of (files.read('/proc/cmdline') ?? '').split(/\s+/)) {
    if (word === 'nointremap') return never('the kernel command line has nointremap');
    if (word.startsWith('amd_iommu_intr=legacy')) return never('the kernel command line has amd_iommu_intr=legacy');
    if (!word.startsWith('intremap=')) continue;
    for (const value of word.slice('intremap='.length).split(',')) {
      if (value.startsWith('on')) forbidden = undefined;
      else if (/^(off|nopost)/.test(value)) forbidden = value;
    }
  }
  return forbidden === undefined ? undefined : never(`the kernel command line has intremap=${forbidden}`);
}

/** A module that is not loaded has no parameters; enable_device_posted_irqs is absent in 6.12. */
function moduleForbids(files: PseudoFs): Posting | undefined {
  for (const { module, parameter } of KINDS) {
    for (const name of [parameter, 'enable_device_posted_irqs']) {
      const value = readParameter(files, module, name);
      if (value !== undefined && /^[N0]$/.test(value)) return never(`the parameter ${name} of ${module} is ${value}`);
    }
  }
  return undefined;
}

function readParameter(files: PseudoFs, module: string, name: string): string | undefined {
  return files.read(`/sys/module/${module}/parameters/${name}`)?.trim();
}

function ofIommus(files: PseudoFs): Posting {
  const found = new Set<(typeof KINDS)[number]>();
  for (const iommu of (files.list(IOMMUS) ?? []).sort()) {
    for (const kind of KINDS) {
      const text = files.read(`${IOMMUS}/${iommu}/${kind.file}`)?.trim();
      if (text === undefined) continue;
      const canPost = hasBits(text, kind.bits);
      if (canPost === false) {
        const [bits, s] = [kind.bits.join(' and '), kind.bits.length > 1 ? 's' : ''];
        return never(`the IOMMU ${iommu} cannot post interrupts (${kind.file} is ${text}: bit${s} ${bits})`);
      }
      if (canPost === undefined)
        return { possible: null, evidence: `${iommu}/${kind.file} is not readable as numbers` };
      found.add(kind);
    }
  }
  const [kind, ...others] = found;
  if (!kind || others.length > 0) return { possible: null, evidence: `${IOMMUS} has no Intel or AMD IOMMU` };
  const { module, parameter, apic } = kind;
  const value = readParameter(files, module, parameter);
  if (value === undefined || !/^[Y1]$/.test(value)) {
    const why = value === undefined ? `${module} is not loaded` : `the parameter ${parameter} of ${module} is ${value}`;
    return { possible: null, evidence: `the IOMMU can post interrupts, but ${why}` };
  }
  return {
    possible: true,
    evidence: `the IOMMU can post interrupts, and ${module} uses ${apic} (${parameter} is ${value})`,
  };
}

/**
 * Whether a register has all the bits; undefined if the text is not hexadecimal. Since 6.0 AMD's file has two
 * registers, until 6.6 in the opposite order. Their text does not show which is which, so it is enough if one of them
 * has all bits.
 */
function hasBits(text: string, bits: readonly bigint[]): boolean | undefined {
  const registers = text.split(':');
  if (!registers.every((one) => /^[0-9a-f]{1,16}$/i.test(one))) return undefined;
  return registers.some((one) => bits.every((bit) => (BigInt(`0x${one}`) & (1n << bit)) !== 0n));
}
