import { once } from 'node:events';
import type { INestApplication, WebSocketAdapter } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { io } from 'socket.io-client';
import { describe } from 'vitest';
import { WebSocket } from 'ws';
import { describePlatforms, type Platform } from './test-app.js';

export interface Message {
  readonly event: string;
  readonly data: unknown;
}

/** The browser's end of a socket. */
export interface Socket {
  /** Sends a message and waits for the next one that comes. */
  ask(event: string, data?: unknown): Promise<Message>;
  /** Sends what no honest client sends, without waiting for an answer. */
  sendGarbage(): void;
  /** Why the server did not let this socket in; only resolves when it did not. */
  readonly refusal: Promise<string>;
  close(): void;
}

export interface SocketKind {
  readonly name: 'ws' | 'socket.io';
  adapter(app: INestApplication): WebSocketAdapter;
  open(origin: string, path: string, headers: Record<string, string>): Promise<Socket>;
}

const GARBAGE = ['', '{', 'null', '[]', '"me"', '{"event":"__proto__"}', '{"event":["me"]}', '{"event":{}}'];

const ws: SocketKind = {
  name: 'ws',
  adapter: (app) => new WsAdapter(app),
  async open(origin, path, headers) {
    const socket = new WebSocket(origin.replace('http', 'ws') + path, { headers });
    const closed = once(socket, 'close').then(([, reason]) => String(reason));
    await once(socket, 'open');
    return {
      refusal: closed,
      async ask(event, data) {
        const answer = once(socket, 'message');
        socket.send(JSON.stringify({ event, data }));
        return JSON.parse(String((await answer)[0])) as Message;
      },
      sendGarbage() {
        for (const text of GARBAGE) socket.send(text);
        socket.send(Buffer.from([0, 255, 254, 1]));
        socket.send(Buffer.alloc(100_000));
      },
      close: () => socket.terminate(),
    };
  },
};

const socketIo: SocketKind = {
  name: 'socket.io',
  adapter: (app) => new IoAdapter(app),
  async open(origin, path, headers) {
    const socket = io(origin, {
      path,
      extraHeaders: headers,
      transports: ['websocket'],
      reconnection: false,
    });
    const refusal = new Promise<string>((resolve) => socket.once('refused', resolve));
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return {
      refusal,
      async ask(event, data) {
        const answer = new Promise<Message>((resolve) => {
          socket.onAny(function listener(name: string, content: unknown) {
            socket.offAny(listener);
            resolve({ event: name, data: content });
          });
        });
        socket.emit(event, data);
        return answer;
      },
      sendGarbage() {
        for (const text of GARBAGE) socket.emit(text, text);
        socket.emit('unknown', Buffer.from([0, 255, 254, 1]));
        socket.io.engine.write('not a packet');
      },
      close: () => socket.disconnect(),
    };
  },
};

/** Runs the same tests with both kinds of sockets on both platforms. */
export function describeSockets(title: string, tests: (kind: SocketKind, platform: Platform) => void): void {
  describe.each([ws, socketIo])(`${title} over $name`, (kind) => {
    describePlatforms('on a platform', (platform) => tests(kind, platform));
  });
}
