import { hash } from 'node:crypto';
import type { TimeLimit } from './time-limit.js';

/** What is used of a client, cluster, pool or sentinel of node-redis (the package `redis`), version 4 or newer. */
export interface NodeRedisClient {
  evalSha(sha1: string, options: NodeRedisScriptOptions): Promise<unknown>;
  eval(script: string, options: NodeRedisScriptOptions): Promise<unknown>;
}

/** How node-redis takes the keys and the arguments of a script. */
export interface NodeRedisScriptOptions {
  keys: string[];
  arguments: string[];
}

/** What is used of a client or cluster of ioredis. */
export interface IoRedisClient {
  evalsha(sha1: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** A client of Redis that the application has made and connected. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/**
 * A script that works on one key, so that it also runs in a cluster. Reading is one as well: scripts run on the server that
 * is written to, where a client that spreads its reads would ask replicas, which may be behind.
 */
export interface RedisScript {
  readonly text: string;
  readonly sha1: string;
}

export function redisScript(text: string): RedisScript {
  return { text, sha1: hash('sha1', text) };
}

/** Runs a script on a key. */
export type ScriptRunner = (
  script: RedisScript,
  key: string,
  values: readonly (string | number)[],
  limit: TimeLimit,
) => Promise<unknown>;

/** Runs scripts by their hash, and sends the text of those that the server does not know (any more). */
export function scriptRunner(client: RedisClient): ScriptRunner {
  const isNodeRedis = isObject(client) && 'evalSha' in client;
  if (!isNodeRedis && !(isObject(client) && 'evalsha' in client))
    throw new TypeError('RedisSessionStore needs { client }: a client of the package redis or of ioredis');
  const call = isNodeRedis ? nodeRedisCall(client) : ioRedisCall(client);
  return async (script, key, values, limit) => {
    const texts = values.map(String);
    try {
      limit.assertNotOver();
      return await call('sha1', script, key, texts, limit);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      // Nothing of what the caller gave up is begun.
      limit.assertNotOver();
      return call('text', script, key, texts, limit);
    }
  };
}

type ScriptCall = (
  by: keyof RedisScript,
  script: RedisScript,
  key: string,
  values: string[],
  limit: TimeLimit,
) => Promise<unknown>;

function nodeRedisCall(client: NodeRedisClient): ScriptCall {
  return (by, script, key, values, limit) => {
    const target = abortable(client, limit);
    const options = { keys: [key], arguments: values };
    return by === 'sha1' ? target.evalSha(script.sha1, options) : target.eval(script.text, options);
  };
}

function ioRedisCall(client: IoRedisClient): ScriptCall {
  return (by, script, key, values) =>
    by === 'sha1'
      ? client.evalsha(script.sha1, 1, key, ...values)
      : client.eval(script.text, 1, key, ...values);
}

interface AbortableClient extends NodeRedisClient {
  readonly isReady: boolean;
  withAbortSignal(signal: AbortSignal): NodeRedisClient;
}

/**
 * node-redis 5 and newer can take back what waits for a connection: otherwise an outage would be followed by a flood. With
 * a connection a command is gone at once.
 */
function abortable(client: NodeRedisClient | AbortableClient, limit: TimeLimit): NodeRedisClient {
  return 'withAbortSignal' in client && !client.isReady ? client.withAbortSignal(limit.signal) : client;
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
