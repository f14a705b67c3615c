import type { WristbandEmulator } from '../../lib/testing/index.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Client } from './client.js';
import type { Journal } from './journal.js';
import type { TokenWatch } from './token-watch.js';

/** `cookie` has no coordination at all: it shows that the simulation finds what it looks for. */
export type ChaosMode = 'store' | 'shared-cookie' | 'cookie';

/** What all users and the saboteur share. */
export interface World {
  readonly mode: ChaosMode;
  readonly cluster: Cluster;
  readonly emulator: WristbandEmulator;
  readonly client: Client;
  readonly journal: Journal;
  readonly watch: TokenWatch;
}
