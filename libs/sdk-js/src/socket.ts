import { NodeSocket, type NodeModules } from "./node-socket.js";

/** The parts of a WebSocket that are used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(message: string | Uint8Array): void;
  close(): void;
}

interface Globals {
  WebSocket?: new (url: string) => Socket;
  process?: { getBuiltinModule?: (name: string) => unknown };
}

/** Open a WebSocket. Node.js before version 22 has none of its own. */
export function openSocket(url: string): Socket {
  const { WebSocket, process } = globalThis as Globals;
  if (WebSocket) return new WebSocket(url);
  // No import, so that bundlers for browsers do not look for these modules.
  const module = (name: string) => process?.getBuiltinModule?.(`node:${name}`);
  const modules = {
    http: module("http"),
    https: module("https"),
    crypto: module("crypto"),
  } as Partial<NodeModules>;
  if (!modules.http) {
    throw new Error("There is no WebSocket. Node.js 20.16 or later is needed.");
  }
  return new NodeSocket(url, modules as NodeModules);
}
