import net from 'node:net';

/** What came back over a bare socket, header lines as they were on the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly location: string | undefined;
  readonly body: string;
}

/** A request as it goes over the wire: each character is one byte. */
export interface WireRequest {
  readonly method: string;
  readonly target: string;
  /** Lines as they stand there. */
  readonly headers: readonly string[];
  readonly body?: string;
}

/** Sends bytes that `node:http` would refuse to send, and waits until the server hangs up. */
export function sendBytes(port: number, bytes: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    let text = '';
    // Written, not ended: Node drops the answer to a client that has closed its side.
    const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(parseAnswer(text)));
  });
}

/**
 * Sends requests in one go over one connection, and waits for all answers, in their order.
 *
 * @param patience milliseconds without a byte after which it rejects
 */
export async function sendPipelined(
  port: number,
  requests: readonly WireRequest[],
  patience = 60_000,
): Promise<RawAnswer[]> {
  const answers = await sendOnce(port, requests, patience);
  const rest = requests.slice(answers.length);
  if (rest.length === 0) return answers;
  const last = answers.at(-1);
  const isAnnounced = last?.headers.some(
    ([name, value]) => name === 'connection' && value.toLowerCase() === 'close',
  );
  if (!isAnnounced) throw new Error(`no answer to ${JSON.stringify(rest[0])}, after ${JSON.stringify(last)}`);
  return [...answers, ...(await sendPipelined(port, rest, patience))];
}

function sendOnce(port: number, requests: readonly WireRequest[], patience: number): Promise<RawAnswer[]> {
  return new Promise((resolve, reject) => {
    let text = '';
    const answers: RawAnswer[] = [];
    const socket = net.connect(port, '127.0.0.1');
    const next = () => JSON.stringify(requests[answers.length]);
    socket.setEncoding('latin1');
    socket.setTimeout(patience, () => socket.destroy(new Error(`no answer in time to ${next()}`)));
    socket.on('data', (chunk: string) => {
      text += chunk;
      for (let request = requests[answers.length]; request; request = requests[answers.length]) {
        const end = endOfAnswer(text, request.method);
        if (end === undefined) break;
        answers.push(parseAnswer(text.slice(0, end)));
        text = text.slice(end);
      }
      if (answers.length === requests.length) socket.end();
    });
    // What was answered before a reset counts.
    socket.on('error', (error) => (answers.length > 0 ? resolve(answers) : reject(error)));
    // Without a length an answer goes on until the end.
    socket.on('close', () => resolve(text.includes('\r\n\r\n') ? [...answers, parseAnswer(text)] : answers));
    socket.write(Buffer.from(requests.map(onTheWire).join(''), 'latin1'));
  });
}

function onTheWire({ method, target, headers, body = '' }: WireRequest): string {
  return [`${method} ${target} HTTP/1.1`, ...headers, `Content-Length: ${body.length}`, '', body].join(
    '\r\n',
  );
}

/** Where the first answer of a text ends; `undefined` when more has to come. */
function endOfAnswer(text: string, method: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return undefined;
  const start = head + 4;
  const { status, headers } = parseAnswer(text.slice(0, start));
  if (method === 'HEAD' || status === 204 || status === 304) return start;
  const length = headers.find(([name]) => name === 'content-length')?.[1];
  if (length !== undefined) return text.length >= start + Number(length) ? start + Number(length) : undefined;
  if (!headers.some(([name]) => name === 'transfer-encoding')) return undefined;
  const last = text.indexOf('\r\n0\r\n\r\n', head);
  return last === -1 ? undefined : last + '\r\n0\r\n\r\n'.length;
}

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end === -1 ? undefined : end).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(statusLine.split(' ')[1]),
    headers,
    location: headers.find(([name]) => name === 'location')?.[1],
    body: end === -1 ? '' : text.slice(end + 4),
  };
}
