import { redisScript } from './redis-client.js';

// A record is a hash: v is its version, d the data, t its tags as JSON. Connections that break may run a script twice, so
// each does no harm the second time.

export const READ = redisScript(`return redis.call('HMGET', KEYS[1], 'v', 'd')`);

export const READ_TAGS = redisScript(`return redis.call('HGET', KEYS[1], 't')`);

/** ARGV: the expected version or an empty text, the new one, data, tags, milliseconds to live. */
export const WRITE = redisScript(`
local version = redis.call('HGET', KEYS[1], 'v') or ''
if version == ARGV[2] then return 1 end
if version ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'v', ARGV[2], 'd', ARGV[3], 't', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1`);

/** ARGV: milliseconds to live. */
export const TOUCH = redisScript(`return redis.call('PEXPIRE', KEYS[1], ARGV[1])`);

export const DELETE = redisScript(`return redis.call('DEL', KEYS[1])`);

/**
 * Enters a record's key in a tag's sorted set, scored by when it may go. By the clock of the server, as clocks of
 * applications differ. ARGV: the key, milliseconds to live.
 */
export const ADD_TO_TAG = redisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expiry = now + ARGV[2]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local known = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not known or tonumber(known) < expiry then redis.call('ZADD', KEYS[1], expiry, ARGV[1]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1`);

/** ARGV: keys of records. */
export const REMOVE_FROM_TAG = redisScript(`
for _, key in ipairs(ARGV) do redis.call('ZREM', KEYS[1], key) end
return 1`);

export const READ_TAG = redisScript(`return redis.call('ZRANGE', KEYS[1], 0, -1)`);

/** ARGV: the token, milliseconds of the lease. */
export const LOCK = redisScript(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`);

/** ARGV: the token, milliseconds of the lease. */
export const RENEW_LOCK = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`);

/** ARGV: the token. */
export const UNLOCK = redisScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`);
