import { Api, bodyOf, encoded } from "./api.js";
import type {
  CallOptions,
  Init,
  Method,
  Operation,
  Optional,
  PathsWith,
  Result,
} from "./contract.js";
import { ApiError, ConnectionError, errorOf } from "./errors.js";
import { nextQuery } from "./listing.js";
import { KEYED_BODIES, toCamel, toSnake } from "./names.js";
import { pause } from "./pauses.js";
import { reached, Transport } from "./transport.js";

/** Calls whose repetition changes nothing. */
const REPEATABLE: ReadonlySet<Method> = new Set([
  "GET",
  "HEAD",
  "PUT",
  "DELETE",
]);
/** Seconds that a call waits for a server at most before it is sent again. */
const LONGEST_PAUSE = 60;

interface AnyInit extends CallOptions {
  path?: object;
  query?: object;
  body?: unknown;
}

export interface ClientOptions {
  /** Address of the API, for example `https://transcribe.example.org/api`. */
  baseUrl?: string;
  /** Token of a session. In a browser, the session's cookie is enough. */
  sessionToken?: string;
  /** How often a call that failed for the moment is repeated. 2 by default. */
  retries?: number;
  fetch?: (request: Request) => Promise<Response>;
}

/** Result of an `api` call. */
interface Answer<Body> {
  data?: Body;
  error?: unknown;
  response: Response;
}

/** Calls of any operation, with names in camel case. */
export class Calls {
  /** All operations of the REST API, typed by its OpenAPI document, with its names. */
  readonly api: Api;
  protected readonly transport: Transport;
  readonly #retries: number;

  constructor(options: ClientOptions = {}) {
    const { baseUrl = "/api", sessionToken, fetch, retries = 2 } = options;
    this.transport = new Transport(baseUrl, sessionToken, fetch);
    this.api = new Api(this.transport);
    this.#retries = retries;
  }

  /** Token of the session. Without a cookie, it is the only key to it. */
  get sessionToken(): string | undefined {
    return this.transport.token;
  }

  /**
   * Call an operation that has no method of its own, and return its result.
   *
   *     const { folderId } = await client.request("POST", "/api/folders", { body: { name: "Calls" } });
   *
   * @throws ApiError - the server refuses the call.
   * @throws ConnectionError - the server cannot be reached.
   */
  async request<M extends Method, Path extends PathsWith<M> & string>(
    method: M,
    path: Path,
    ...[init]: Optional<Init<Operation<M, Path>>>
  ): Promise<Result<Operation<M, Path>>> {
    const body = await this.#json(method, path, init);
    return toCamel(dataOf(body)) as Result<Operation<M, Path>>;
  }

  /** Call an operation, and return its response with the body still to be read. */
  async download<M extends Method, Path extends PathsWith<M> & string>(
    method: M,
    path: Path,
    ...[init]: Optional<Init<Operation<M, Path>>>
  ): Promise<Response> {
    return this.send(method, path, init);
  }

  /** Read a list page by page. */
  async *pages<Path extends PathsWith<"GET"> & string>(
    path: Path,
    ...[init]: Optional<Init<Operation<"GET", Path>>>
  ): AsyncGenerator<Result<Operation<"GET", Path>>, void> {
    const given = (init ?? {}) as AnyInit;
    let query: object | undefined = toSnake(given.query ?? {}) as object;
    while (query) {
      const body = (await this.#json("GET", path, { ...given, query })) as {
        data: unknown;
      };
      yield toCamel(dataOf(body)) as Result<Operation<"GET", Path>>;
      query = nextQuery(query, body);
    }
  }

  /**
   * Return the body of an answer of `api`.
   *
   * @throws ApiError - the server refuses the call.
   * @throws ConnectionError - the server cannot be reached.
   */
  async call<Body>(answer: Promise<Answer<Body>>): Promise<Body> {
    return (await this.answer(answer)).body;
  }

  /** Return the body of an answer with its response, for headers such as `ETag`. */
  async answer<Body>(
    answer: Promise<Answer<Body>>,
  ): Promise<{ body: Body; response: Response }> {
    const { data, error, response } = await answer;
    if (!response.ok) throw errorOf(response, error);
    return { body: data as Body, response };
  }

  /** Send a request with names in camel case. A refusal is an exception. */
  protected async send(
    method: Method,
    path: string,
    init: AnyInit = {},
  ): Promise<Response> {
    const keyed = KEYED_BODIES.has(`${method} ${path}`);
    const content = encoded(keyed ? init.body : toSnake(init.body));
    const { signal } = init;
    const call = {
      path: toSnake(init.path ?? {}) as object,
      query: toSnake(init.query ?? {}) as object,
      body: content.body,
      headers: { ...content.headers, ...init.headers },
      signal,
    };
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await this.transport.send(method, path, call);
        if (response.ok) return response;
        const body = await reached(bodyOf(response, "json"), signal);
        throw errorOf(response, body);
      } catch (error) {
        const seconds = waitOf(error, method, attempt);
        if (seconds === undefined || attempt >= this.#retries) throw error;
        await pause(1000 * seconds, signal);
      }
    }
  }

  async #json(method: Method, path: string, init?: AnyInit): Promise<unknown> {
    const response = await this.send(method, path, init);
    return reached(bodyOf(response, "json"), init?.signal);
  }
}

function dataOf(body: unknown): unknown {
  const isEnvelope = typeof body === "object" && body !== null;
  return isEnvelope && "data" in body ? body.data : body;
}

/** Return the seconds until a call may be repeated, undefined if it may not be. */
function waitOf(
  error: unknown,
  method: Method,
  attempt: number,
): number | undefined {
  const repeatable = REPEATABLE.has(method);
  if (error instanceof ConnectionError) {
    return repeatable ? 2 ** attempt / 2 : undefined;
  }
  if (!(error instanceof ApiError)) return undefined;
  // A call over the limit was not carried out, whatever it does.
  if (error.status !== 429 && !(repeatable && error.status === 503)) {
    return undefined;
  }
  const seconds = error.retryAfter ?? 2 ** attempt;
  return seconds <= LONGEST_PAUSE ? seconds : undefined;
}
