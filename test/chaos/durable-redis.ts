import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisServer, startRedis } from '../support/redis.js';

/** A Redis that has everything it ever confirmed when it is started again. */
export interface DurableRedis extends RedisServer {
  close(): Promise<void>;
}

export async function startDurableRedis(): Promise<DurableRedis> {
  const directory = mkdtempSync(join(tmpdir(), 'durable-redis-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  const redis = await startRedis('--dir', directory, '--appendonly', 'yes', '--appendfsync', 'always');
  const close = async () => {
    await redis.stop();
    process.off('exit', remove);
    remove();
  };
  return { ...redis, close };
}
