import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { accessTokens } from '../bench/token-data.mjs';

const CONNECTIONS = 16;

/** Visitors of an application, each with a session of its own. */
export class Visitors {
  #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #count = 0;

  constructor(port) {
    this.port = port;
  }

  /** Four requests of each of so many visitors. */
  async visit(visitors) {
    let left = visitors;
    const work = async () => {
      while (left-- > 0) await this.#visitOnce();
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
  }

  async #visitOnce() {
    this.#count += 1;
    const tokens = accessTokens();
    const signedIn = await this.#ask('POST', '/sign-in', {});
    const renewed = await this.#ask('GET', '/me', { cookie: signedIn });
    // A cookie from before the renewal leads to the new tokens.
    await this.#ask('GET', '/me', { cookie: this.#count % 2 ? renewed : signedIn });
    if (this.#count % 4) await this.#ask('POST', '/sign-out', { cookie: renewed });
    else await this.#ask('GET', '/token', { authorization: `Bearer ${tokens[this.#count % tokens.length]}` });
  }

  /** @returns the cookie from now on */
  async #ask(method, path, headers) {
    const sent = request({ host: '127.0.0.1', port: this.port, method, path, headers, agent: this.#agent });
    const [response] = await once(sent.end(), 'response');
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    if (response.statusCode >= 300) throw new Error(`${path} answered ${response.statusCode}: ${text}`);
    const line = response.headers['set-cookie']?.find((one) => /^(session|sid)=/.test(one));
    return line?.split(';')[0] ?? headers.cookie;
  }
}
