import { randomBytes, randomInt } from 'node:crypto';

const VERSIONS = 2 ** 48 - 1;

/**
 * The version of a record that is about to be written. Drawn and not counted: a counter would have to outlive the record,
 * or a writer that still knows a deleted record would pass for one that knows its successor.
 */
export function newVersion(): number {
  return randomInt(1, VERSIONS);
}

/** The proof of a lease. */
export function newLockToken(): string {
  return randomBytes(12).toString('base64url');
}

/**
 * Seconds to live as milliseconds.
 *
 * @throws {RangeError} when they are not above 0
 */
export function ttlInMilliseconds(ttl: number): number {
  return wholeMilliseconds('ttl', ttl * 1000);
}

/** @throws {RangeError} when the milliseconds of a lease are not above 0 */
export function leaseInMilliseconds(lease: number): number {
  return wholeMilliseconds('lease', lease);
}

function wholeMilliseconds(name: string, milliseconds: number): number {
  // What never ends would be kept for ever if nobody deleted it.
  if (milliseconds > 0 && milliseconds < Infinity) return Math.ceil(milliseconds);
  throw new RangeError(`The ${name} must be a number above 0`);
}
