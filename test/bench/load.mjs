import { Agent, get } from 'node:http';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CONNECTIONS = 8;

/** One variant in a process of its own, with the connections to it. */
export class BenchServer {
  #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #child;
  #port;

  constructor(name, variant) {
    this.name = name;
    this.variant = variant;
  }

  async start() {
    this.#child = fork(fileURLToPath(new URL('servers.mjs', import.meta.url)), [this.name]);
    const [{ port }] = await Promise.race([
      once(this.#child, 'message'),
      once(this.#child, 'exit').then(([code]) => {
        throw new Error(`The server "${this.name}" ended with code ${code} before it listened`);
      }),
    ]);
    this.#port = port;
  }

  stop() {
    this.#agent.destroy();
    this.#child?.kill();
  }

  /** Microseconds of CPU that the server's process spends on each of so many requests. */
  async burst(requests) {
    // A sign-in for each burst: a session that grew old during the run would be renewed by every request.
    const cookies = await this.#signIn(this.variant.newCookies ? requests : CONNECTIONS);
    const before = await this.#cpu();
    let left = requests;
    const browser = async (_, index) => {
      let cookie = cookies[index];
      while (left-- > 0) {
        const answer = await this.#request('/me', this.variant.newCookies ? cookies[left] : cookie);
        cookie = cookieOf(answer) ?? cookie;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, browser));
    const after = await this.#cpu();
    return (after.user + after.system - before.user - before.system) / requests;
  }

  async #signIn(times) {
    const cookies = [];
    for (let count = 0; count < times; count++) {
      const cookie = cookieOf(await this.#request('/sign-in'));
      cookies.push(this.variant.foreignCookie ? `session=${'a'.repeat(1700)}` : cookie);
    }
    return cookies;
  }

  async #request(path, cookie) {
    const headers = cookie === undefined ? {} : { cookie };
    const request = get({ host: '127.0.0.1', port: this.#port, path, headers, agent: this.#agent });
    const [response] = await once(request, 'response');
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    if (response.statusCode !== 200) {
      throw new Error(`"${this.name}" answered ${response.statusCode} to ${path}: ${body}`);
    }
    if (path === '/me' && !body.includes('userId')) throw new Error(`"${this.name}" knows no user: ${body}`);
    return response;
  }

  async #cpu() {
    this.#child.send('cpu');
    const [{ cpu }] = await once(this.#child, 'message');
    return cpu;
  }
}

/** What a browser would send after a response that set cookies. */
function cookieOf({ headers }) {
  return headers['set-cookie']?.map((line) => line.split(';')[0]).join('; ');
}
