import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { accessTokens } from './token-data.mjs';

const CONNECTIONS = 8;

/** One variant, in a process of its own unless only its start is of interest, with the connections to it. */
export class BenchServer {
  #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  #child;
  #port;

  constructor(name, variant, isOwnProcess) {
    this.name = name;
    this.variant = variant;
    this.isOwnProcess = isOwnProcess;
  }

  async start() {
    if (!this.isOwnProcess) {
      this.#port = await this.variant.start();
      return;
    }
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
    const browsers = await CREDENTIALS[this.variant.credentials ?? 'none'](() => this.#signIn(), requests);
    const before = await this.#cpu();
    let left = requests;
    const browse = async (_, index) => {
      let headers = browsers[index];
      while (left-- > 0) {
        const answer = await this.#request('/me', browsers.length > CONNECTIONS ? browsers[left] : headers);
        headers = cookieOf(answer) ?? headers;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, browse));
    const after = await this.#cpu();
    return (after.user + after.system - before.user - before.system) / requests;
  }

  async #signIn() {
    return cookieOf(await this.#request('/sign-in', {}));
  }

  async #request(path, headers) {
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
    if (!this.isOwnProcess) return process.cpuUsage();
    this.#child.send('cpu');
    const [{ cpu }] = await once(this.#child, 'message');
    return cpu;
  }
}

/** What the requests of a burst carry: headers for each connection, or for each request. */
const CREDENTIALS = {
  none: async () => Array(CONNECTIONS).fill({}),
  'a cookie nobody reads': async () => Array(CONNECTIONS).fill({ cookie: `session=${'a'.repeat(1700)}` }),
  'a session': (signIn) => times(CONNECTIONS, signIn),
  'a new session each': (signIn, requests) => times(requests, signIn),
  'a token': async () => Array(CONNECTIONS).fill(bearer(accessTokens()[0])),
  'a new token each': async (_, requests) => nextTokens(requests).map(bearer),
};

let used = 0;

/** Round and round: there are more than any cache under test holds. */
function nextTokens(count) {
  const tokens = accessTokens();
  return Array.from({ length: count }, () => tokens[used++ % tokens.length]);
}

function bearer(token) {
  return { authorization: `Bearer ${token}` };
}

async function times(count, make) {
  const made = [];
  while (made.length < count) made.push(await make());
  return made;
}

/** What a browser would send after a response that set cookies. */
function cookieOf({ headers }) {
  const pairs = headers['set-cookie']?.map((line) => line.split(';')[0]);
  return pairs && { cookie: pairs.join('; ') };
}
