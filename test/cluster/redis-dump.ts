import { createClient } from 'redis';

const connect = (url: string) => createClient({ url }).connect();

/** Everything that somebody with a copy of a Redis can read, as text: each key with what is under it. */
export async function dumpOf(url: string): Promise<string> {
  const client = await connect(url);
  try {
    const entries: unknown[] = [];
    for await (const keys of client.scanIterator()) {
      for (const key of keys) entries.push([key, await contentOf(client, key)]);
    }
    return JSON.stringify(entries);
  } finally {
    client.destroy();
  }
}

async function contentOf(client: Awaited<ReturnType<typeof connect>>, key: string): Promise<unknown> {
  const type = await client.type(key);
  switch (type) {
    case 'string':
      return client.get(key);
    case 'hash':
      return client.hGetAll(key);
    case 'zset':
      return client.zRangeWithScores(key, 0, -1);
    case 'none':
      return 'gone meanwhile';
    default:
      // What nobody looked into must not pass for clean.
      throw new Error(`There is a ${type} under ${key}`);
  }
}
