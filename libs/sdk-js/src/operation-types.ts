import type {
  Body,
  CallOptions,
  Method,
  Operation,
  Parameter,
  PathsWith,
  RequiredKeys,
  Result,
} from "./contract.js";
import type { Listing } from "./listing.js";
import type { Camelized } from "./names.js";
import type { paths } from "./schema.js";

/** What a call takes besides the parameters of its path. */
type Takes = "nothing" | "query" | "body";
type Path = keyof paths & string;

/** An operation that becomes a method: its method, its path and what it takes. */
export type CallRow = {
  [M in Method]: readonly [M, PathsWith<M> & string, Takes];
}[Method];
/** A list, with the name of its items in a page. Empty if a page has nothing else. */
export type ListRow = readonly [
  "GET",
  PathsWith<"GET"> & string,
  Takes,
  string,
];
/** A call whose result is a file, with its name if the server gives none. */
export type FileRow = readonly [
  "GET",
  PathsWith<"GET"> & string,
  Takes,
  string,
];

type NamesIn<P extends string> =
  P extends `${string}{${infer Name}}${infer Rest}`
    ? [Name, ...NamesIn<Rest>]
    : [];
type ValuesOf<Found, Names> = {
  [Index in keyof Names]: Names[Index] extends keyof Found
    ? Found[Names[Index]]
    : never;
};
type Fields<Op, T extends Takes> = Camelized<
  T extends "query" ? Parameter<Op, "query"> : Exclude<Body<Op>, undefined>
>;
type Tail<Op, T extends Takes> = T extends "nothing"
  ? [options?: CallOptions]
  : RequiredKeys<Fields<Op, T>> extends never
    ? [fields?: Fields<Op, T>, options?: CallOptions]
    : [fields: Fields<Op, T>, options?: CallOptions];
type Arguments<Op, P extends string, T extends Takes> = [
  ...ValuesOf<Parameter<Op, "path">, NamesIn<P>>,
  ...Tail<Op, T>,
];

/** Methods of a table: parameters of the path, then the query or the body, then options. */
export type CallMethods<Table extends Record<string, CallRow>> = {
  [Name in keyof Table]: Table[Name] extends readonly [
    infer M extends Method,
    infer P extends Path,
    infer T extends Takes,
  ]
    ? (
        ...given: Arguments<Operation<M, P>, P, T>
      ) => Promise<Result<Operation<M, P>>>
    : never;
};

type ItemOf<Page, Key> = Key extends keyof Page
  ? Page[Key] extends readonly (infer Item)[]
    ? Item
    : never
  : Page extends readonly (infer Item)[]
    ? Item
    : never;

/** Methods of a table of lists. */
export type ListMethods<Table extends Record<string, ListRow>> = {
  [Name in keyof Table]: Table[Name] extends readonly [
    "GET",
    infer P extends Path,
    infer T extends Takes,
    infer Key,
  ]
    ? (
        ...given: Arguments<Operation<"GET", P>, P, T>
      ) => Listing<
        Result<Operation<"GET", P>>,
        ItemOf<Result<Operation<"GET", P>>, Key>
      >
    : never;
};

/** Methods of a table of files. */
export type FileMethods<Table extends Record<string, FileRow>> = {
  [Name in keyof Table]: Table[Name] extends readonly [
    "GET",
    infer P extends Path,
    infer T extends Takes,
    string,
  ]
    ? (...given: Arguments<Operation<"GET", P>, P, T>) => Promise<File>
    : never;
};
