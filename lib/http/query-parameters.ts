import { WristbandException } from '../errors/wristband.exception.js';
import type { HttpRequest } from '../interfaces/http.interface.js';
import { requestQuery } from './http-request.js';

/** Reads query parameters that OAuth allows once at most (RFC 6749 section 3.1). */
export class QueryParameters {
  readonly #query: URLSearchParams;

  constructor(request: HttpRequest) {
    this.#query = requestQuery(request);
  }

  /**
   * The value of a parameter; blank counts as absent.
   *
   * @throws {WristbandException} `invalid_request` when it comes twice or as an array or object (`name[]=`, `name[a]=`)
   */
  get(name: string): string | undefined {
    const values = this.#query.getAll(name);
    const isStructured = [...this.#query.keys()].some((key) => key.startsWith(`${name}[`));
    if (values.length > 1 || isStructured) {
      throw new WristbandException(
        'invalid_request',
        `The query parameter ${name} must be given once, as a plain value`,
      );
    }
    const [value] = values;
    return value === undefined || value.trim() === '' ? undefined : value;
  }

  /** As {@link get}, for a parameter that must be there. */
  getRequired(name: string): string {
    const value = this.get(name);
    if (value === undefined)
      throw new WristbandException('invalid_request', `The query parameter ${name} is missing`);
    return value;
  }
}
