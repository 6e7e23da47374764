import type { Camelized } from "./names.js";
import type { paths } from "./schema.js";

/** Methods of HTTP that the contract has. */
export type Method = "GET" | "PUT" | "POST" | "DELETE" | "PATCH" | "HEAD";

/** Paths of the contract that have a method. */
export type PathsWith<M extends Method> = {
  [Path in keyof paths]: paths[Path] extends { [K in Lowercase<M>]: object }
    ? Path
    : never;
}[keyof paths];

/** An operation of the contract. */
export type Operation<
  M extends Method,
  Path extends keyof paths,
> = paths[Path] extends { [K in Lowercase<M>]: infer Op } ? Op : never;

export type RequiredKeys<T> = {
  [Key in keyof T]-?: object extends Pick<T, Key> ? never : Key;
}[keyof T];

/** Arguments that may be left out if none of their members is required. */
export type Optional<T> =
  RequiredKeys<T> extends never ? [init?: T] : [init: T];

export type Parameter<Op, Where extends string> = Op extends {
  parameters: { [K in Where]?: infer Found };
}
  ? NonNullable<Found>
  : never;

type BodyOf<Content> = Content extends { "multipart/form-data": unknown }
  ? FormData
  : Content extends { "application/json": infer Body }
    ? Body
    : Blob | ArrayBuffer | Uint8Array;

/** The body of an operation, undefined if it has none. */
export type Body<Op> = Op extends { requestBody: { content: infer Content } }
  ? BodyOf<Content>
  : Op extends { requestBody?: { content: infer Content } }
    ? unknown extends Content
      ? undefined
      : BodyOf<Content> | undefined
    : undefined;

type SuccessStatus = 200 | 201 | 202 | 203 | 204 | 206;

/** JSON of a successful response, as the contract has it. */
export type Success<Op> = Op extends { responses: infer Responses }
  ? {
      [Status in keyof Responses & SuccessStatus]: Responses[Status] extends {
        content: infer Content;
      }
        ? Content extends { "application/json": infer Json }
          ? Json
          : Content[keyof Content]
        : undefined;
    }[keyof Responses & SuccessStatus]
  : never;

/** JSON of a refusal, as the contract has it. */
export type Failure<Op> = Op extends {
  responses: { 400: { content: { "application/json": infer Json } } };
}
  ? Json
  : unknown;

/** The result of an operation, without its envelope and with names in camel case. */
export type Result<Op> = Camelized<DataOf<Success<Op>>>;

type DataOf<Answer> = Answer extends { data: infer Data } ? Data : Answer;

/** Options of every call. */
export interface CallOptions {
  /** Ends the call early. It is then rejected with the signal's reason. */
  signal?: AbortSignal;
  /** Further headers, for example `If-Match`. */
  headers?: Record<string, string>;
}

type InPath<Op> = [Parameter<Op, "path">] extends [never]
  ? unknown
  : { path: Camelized<Parameter<Op, "path">> };
type InQuery<Op> = [Parameter<Op, "query">] extends [never]
  ? unknown
  : RequiredKeys<Parameter<Op, "query">> extends never
    ? { query?: Camelized<Parameter<Op, "query">> }
    : { query: Camelized<Parameter<Op, "query">> };
type InBody<Op> =
  undefined extends Body<Op>
    ? { body?: Camelized<Body<Op>> }
    : { body: Camelized<Body<Op>> };

/** Arguments of an operation, with names in camel case. */
export type Init<Op> = CallOptions & InPath<Op> & InQuery<Op> & InBody<Op>;
