import { ConnectionError } from "./errors.js";
import type { CallOptions, Method } from "./contract.js";

/** Sees every response before its caller does. */
export interface Observer {
  onResponse(exchange: { request: Request; response: Response }): void;
}

/** A request before it has an address. */
export interface Call extends CallOptions {
  path?: object;
  query?: object;
  body?: string | Blob | ArrayBuffer | Uint8Array | FormData;
}

const TOKEN_COOKIE = /^session_token=([^;]+)/;

/** Sends requests of one session. */
export class Transport {
  /** Address of the server, without `/api`. Empty for that of the page. */
  readonly base: string;
  readonly #fetch: ((request: Request) => Promise<Response>) | undefined;
  readonly #observers = new Set<Observer>();

  constructor(
    baseUrl: string,
    /** Token of the session, once it is known. */
    public token: string | undefined,
    fetch: ((request: Request) => Promise<Response>) | undefined,
  ) {
    this.base = baseUrl.replace(/\/+$/, "").replace(/\/api(\/v1)?$/, "");
    this.#fetch = fetch;
  }

  observe(observer: Observer): void {
    this.#observers.add(observer);
  }

  /**
   * Send a request. A response with any status is returned.
   *
   * @throws ConnectionError - the server cannot be reached.
   */
  async send(method: Method, path: string, call: Call = {}): Promise<Response> {
    const request = new Request(this.#address(path, call), {
      method,
      headers: this.#headers(call.headers),
      body: call.body as never,
      signal: call.signal ?? null,
    });
    const fetch = this.#fetch ?? globalThis.fetch;
    const response = await reached(fetch(request), call.signal);
    this.#adopt(response);
    for (const one of this.#observers) one.onResponse({ request, response });
    return response;
  }

  /** Return the address of a WebSocket. Browsers cannot set a header for it. */
  socketUrl(
    path: "/ws" | "/ws/live" | "/ws/live/follow" = "/ws",
    query: Record<string, number> = {},
  ): string {
    const url = new URL(this.#origin() + path);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    for (const [name, value] of Object.entries(query)) {
      url.searchParams.set(name, String(value));
    }
    if (this.token) url.searchParams.set("token", this.token);
    return url.href;
  }

  #origin(): string {
    const origin = this.base || globalThis.location?.origin;
    if (!origin?.includes("://")) {
      throw new TypeError(
        "baseUrl has to be an absolute URL outside of pages.",
      );
    }
    return origin;
  }

  #address(path: string, { path: values = {}, query = {} }: Call): string {
    let filled = path;
    for (const [name, value] of Object.entries(values)) {
      filled = filled.replace(`{${name}}`, encodeURIComponent(String(value)));
    }
    const url = new URL(this.#origin() + filled);
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined && one !== null) {
          url.searchParams.append(name, String(one));
        }
      }
    }
    return url.href;
  }

  #headers(more: Record<string, string> = {}): Record<string, string> {
    if (!this.token) return more;
    return { Authorization: `Bearer ${this.token}`, ...more };
  }

  /** Keep the token of a session that the server made. In browsers, cookies keep it. */
  #adopt(response: Response): void {
    if (this.token || typeof globalThis.document !== "undefined") return;
    for (const cookie of response.headers.getSetCookie?.() ?? []) {
      this.token = TOKEN_COOKIE.exec(cookie)?.[1] ?? this.token;
    }
  }
}

/** Return a result of the network. Its failure is a `ConnectionError` unless the caller ended it. */
export async function reached<T>(
  result: Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await result;
  } catch (error) {
    signal?.throwIfAborted();
    throw new ConnectionError("The server cannot be reached.", {
      cause: error,
    });
  }
}
