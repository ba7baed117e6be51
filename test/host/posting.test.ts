import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readPosting } from '../../src/host/posting.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { FixedFiles } from './fixed-files.js';

const CAP = '/sys/class/iommu/dmar0/intel-iommu/cap';
const CAP_1 = '/sys/class/iommu/dmar1/intel-iommu/cap';
const FEATURES = '/sys/class/iommu/ivhd0/amd-iommu/features';
const CMDLINE = '/proc/cmdline';
const APICV = '/sys/module/kvm_intel/parameters/enable_apicv';
const INTEL_IRQS = '/sys/module/kvm_intel/parameters/enable_device_posted_irqs';
const AVIC = '/sys/module/kvm_amd/parameters/avic';
const AMD_IRQS = '/sys/module/kvm_amd/parameters/enable_device_posted_irqs';
/** from an emulated host: bit 59 is 0 */
const NO_POSTING = 'd2008c22260286\n';
const POSTING = '8d2078c106f0466\n';

const intel = { [CAP]: POSTING, [APICV]: 'Y\n' };
/** only GASup and GAMSup */
const amd = { [FEATURES]: '200080\n', [AVIC]: 'Y\n' };

const CASES: [name: string, files: Record<string, string | FileError>, possible: boolean | null, evidence: RegExp][] = [
  ['nothing is visible', {}, null, /no Intel or AMD IOMMU/],
  ['Intel', intel, true, /kvm_intel uses APICv \(enable_apicv is Y\)/],
  ['Intel, bit 59 is 0', { ...intel, [CAP]: NO_POSTING }, false, /IOMMU dmar0 cannot .* d2008c22260286: bit 59\)/],
  ['one of two IOMMUs cannot', { ...intel, [CAP_1]: NO_POSTING }, false, /IOMMU dmar1 cannot/],
  ['kvm_intel is not loaded', { [CAP]: POSTING }, null, /but kvm_intel is not loaded/],
  ['kvm_intel is not loaded, bit 59 is 0', { [CAP]: NO_POSTING }, false, /IOMMU dmar0 cannot/],
  ['no APICv', { ...intel, [APICV]: 'N\n' }, false, /enable_apicv of kvm_intel is N/],
  ['posting is switched off', { ...intel, [INTEL_IRQS]: 'N\n' }, false, /enable_device_posted_irqs of kvm_intel is N/],
  ['posting is on', { ...intel, [INTEL_IRQS]: 'Y\n' }, true, /APICv/],
  ['an unknown value', { ...intel, [APICV]: 'auto\n' }, null, /enable_apicv of kvm_intel is auto/],
  ['AMD', amd, true, /kvm_amd uses AVIC \(avic is Y\)/],
  ['AMD, avic as a number', { ...amd, [AVIC]: '1\n' }, true, /avic is 1/],
  ['AMD without AVIC', { ...amd, [AVIC]: '0\n' }, false, /avic of kvm_amd is 0/],
  ['AMD without GA', { ...amd, [FEATURES]: '200000\n' }, false, /ivhd0 cannot .* 200000: bits 7 and 21\)/],
  ['AMD without vAPIC', { ...amd, [FEATURES]: '80\n' }, false, /ivhd0 cannot/],
  ['AMD, two registers, as until 6.6', { ...amd, [FEATURES]: '0:200080\n' }, true, /AVIC/],
  ['AMD, two registers, as since 6.7', { ...amd, [FEATURES]: '200080:0\n' }, true, /AVIC/],
  ['AMD, one bit in each register', { ...amd, [FEATURES]: '200000:80\n' }, false, /ivhd0 cannot/],
  ['AMD, posting is switched off', { ...amd, [AMD_IRQS]: 'N\n' }, false, /enable_device_posted_irqs of kvm_amd/],
  ['intremap=off', { ...intel, [CMDLINE]: 'ro intremap=off quiet\n' }, false, /intremap=off/],
  ['intremap=nopost', { ...intel, [CMDLINE]: 'intremap=nosid,nopost\n' }, false, /intremap=nopost/],
  ['intremap=nosid is no obstacle', { ...intel, [CMDLINE]: 'intremap=nosid\n' }, true, /APICv/],
  ['the last word wins', { ...intel, [CMDLINE]: 'intremap=off intremap=on\n' }, true, /APICv/],
  ['another parameter', { ...intel, [CMDLINE]: 'xintremap=off iommu=pt\n' }, true, /APICv/],
  ['nointremap', { ...intel, [CMDLINE]: 'nointremap\n' }, false, /nointremap/],
  ['amd_iommu_intr=legacy', { ...amd, [CMDLINE]: 'amd_iommu_intr=legacy\n' }, false, /amd_iommu_intr=legacy/],
  ['amd_iommu_intr=vapic', { ...amd, [CMDLINE]: 'amd_iommu_intr=vapic\n' }, true, /AVIC/],
  ['no number', { ...intel, [CAP]: 'none\n' }, null, /dmar0\/intel-iommu\/cap is not readable/],
  ['a file that may not be read', { ...intel, [CAP]: new FileError('EACCES', CAP) }, null, /EACCES/],
  ['an IOMMU of another kind', { '/sys/class/iommu/smmu3.0/uevent': '' }, null, /no Intel or AMD IOMMU/],
];

const posting = suite('posting');
for (const [name, files, possible, evidence] of CASES) {
  posting(name, () => {
    const found = readPosting(new FixedFiles(files));
    assert.is(found.possible, possible);
    assert.match(found.evidence, evidence);
    assert.not.match(found.evidence, /\n/);
  });
}
posting.run();
