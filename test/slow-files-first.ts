import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that are small but take long, the slowest first. */
const SLOW = [
  'docs/commands',
  'e2e/chaos',
  'e2e/cluster-refresh',
  'e2e/refresh-storm',
  'e2e/outages',
  'e2e/front-end',
  'e2e/redis-session-store',
  'e2e/cluster-sessions',
  'e2e/neighbours',
  'fuzz/',
];

/** Vitest begins with the largest files when it does not know how long each takes: the slow ones would run last, alone. */
export class SlowFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const index = SLOW.findIndex((part) => moduleId.includes(`/test/${part}`));
      return index === -1 ? SLOW.length : index;
    };
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}
