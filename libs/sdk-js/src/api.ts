import type {
  Body,
  Failure,
  Method,
  Operation,
  Optional,
  PathsWith,
  RequiredKeys,
  Success,
} from "./contract.js";
import {
  reached,
  type Call,
  type Observer,
  type Transport,
} from "./transport.js";

type ReadAs = "json" | "text" | "blob" | "arrayBuffer" | "stream";

type Data<Op, As> = As extends "text"
  ? string
  : As extends "blob"
    ? Blob
    : As extends "arrayBuffer"
      ? ArrayBuffer
      : As extends "stream"
        ? ReadableStream<Uint8Array>
        : Success<Op>;

/** A response whose body was read. */
export type Answer<Data, Failure = unknown> =
  | { data: Data; error?: undefined; response: Response }
  | { data?: undefined; error: Failure; response: Response };

type Params<Op> = Op extends { parameters: infer Found }
  ? RequiredKeys<Omit<Found, "cookie">> extends never
    ? { params?: Omit<Found, "cookie"> }
    : { params: Omit<Found, "cookie"> }
  : object;

/** Arguments of an operation, with names as in the contract. */
type RawInit<Op, As extends ReadAs> = {
  headers?: Record<string, string>;
  signal?: AbortSignal;
  parseAs?: As;
  bodySerializer?: (body: Body<Op>) => unknown;
} & Params<Op> &
  (undefined extends Body<Op> ? { body?: Body<Op> } : { body: Body<Op> });

interface AnyInit {
  headers?: Record<string, string>;
  signal?: AbortSignal;
  parseAs?: ReadAs;
  bodySerializer?: (body: never) => unknown;
  params?: { path?: object; query?: object; header?: object };
  body?: unknown;
}

/**
 * All operations of the REST API, as its OpenAPI document has them. A refusal is a result, whose
 * `error` is the body. Only a server that cannot be reached is an exception.
 */
export class Api {
  constructor(private readonly transport: Transport) {}

  GET = this.#operation("GET");
  PUT = this.#operation("PUT");
  POST = this.#operation("POST");
  DELETE = this.#operation("DELETE");
  PATCH = this.#operation("PATCH");

  /** Let an observer see every response. */
  use(observer: Observer): void {
    this.transport.observe(observer);
  }

  #operation<M extends Method>(method: M) {
    return async <
      Path extends PathsWith<M> & string,
      As extends ReadAs = "json",
    >(
      path: Path,
      ...[init]: Optional<RawInit<Operation<M, Path>, As>>
    ): Promise<
      Answer<Data<Operation<M, Path>, As>, Failure<Operation<M, Path>>>
    > => {
      const given = (init ?? {}) as AnyInit;
      const response = await this.transport.send(method, path, callOf(given));
      const as = response.ok ? (given.parseAs ?? "json") : "json";
      const read = await reached(bodyOf(response, as), given.signal);
      return (
        response.ok ? { data: read, response } : { error: read, response }
      ) as never;
    };
  }
}

/** Return the body of a response. JSON that cannot be read is returned as text. */
export async function bodyOf(response: Response, as: ReadAs): Promise<unknown> {
  if (as === "stream") return response.body;
  if (as !== "json") return response[as]();
  const text = await response.text();
  if (!text) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Return the body of a request with its headers. */
export function encoded(body: unknown): Pick<Call, "body" | "headers"> {
  if (body === undefined) return {};
  if (
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    body instanceof Uint8Array
  ) {
    return { body };
  }
  const headers = { "Content-Type": "application/json" };
  return { body: JSON.stringify(body), headers };
}

function callOf(init: AnyInit): Call {
  const { params = {}, signal } = init;
  const body = init.bodySerializer
    ? { body: init.bodySerializer(init.body as never) as Blob, headers: {} }
    : encoded(init.body);
  const header = Object.entries(params.header ?? {}).filter(
    ([, value]) => value !== undefined && value !== null,
  ) as [string, string][];
  return {
    path: params.path,
    query: params.query,
    signal,
    body: body.body,
    headers: {
      ...body.headers,
      ...Object.fromEntries(header),
      ...init.headers,
    },
  };
}
