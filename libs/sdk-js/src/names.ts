/** Objects whose keys are data, in the contract's spelling. Their values are translated. */
export const KEYED: ReadonlySet<string> = new Set(["checks", "speaker_stats"]);

/** Objects that are kept as they are, since somebody else chose all of their names. */
export const OPAQUE: ReadonlySet<string> = new Set(["details", "preferences"]);

/** Operations with a body whose keys are data. */
export const KEYED_BODIES: ReadonlySet<string> = new Set([
  "POST /api/transcription/speakers/assign/{transcription_id}",
]);

type Camel<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? Rest extends ""
    ? Name
    : `${First}${Capitalize<Camel<Rest>>}`
  : Name;

type Scalar =
  string | number | boolean | bigint | null | undefined | Blob | FormData;

/** A type of the contract with its names in camel case. Keys that are data stay. */
export type Camelized<T> = T extends Scalar
  ? T
  : T extends readonly (infer Item)[]
    ? Camelized<Item>[]
    : T extends object
      ? string extends keyof T
        ? unknown extends T[keyof T]
          ? T
          : { [Key in keyof T]: Camelized<T[Key]> }
        : {
            [
              Key in keyof T as Key extends string ? Camel<Key> : Key
            ]: Camelized<T[Key]>;
          }
      : T;

/** Return a name of the contract in camel case. */
export function camel(name: string): string {
  return name.replace(/(?<=.)_([a-z0-9])/g, (_, letter: string) =>
    letter.toUpperCase(),
  );
}

/** Return a name in camel case as the contract has it. */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Return a result of the server with its names in camel case. */
export function toCamel<T>(value: T): Camelized<T> {
  return translated(value, camel) as Camelized<T>;
}

/** Return a value with its names as the contract has them. */
export function toSnake(value: unknown): unknown {
  return translated(value, snake);
}

function translated(value: unknown, name: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((one) => translated(one, name));
  if (!isPlain(value)) return value;
  const entries = Object.entries(value).map(([key, one]) => {
    const known = snake(key);
    if (OPAQUE.has(known)) return [name(key), one];
    if (KEYED.has(known) && isPlain(one)) {
      const inner = Object.entries(one);
      return [
        name(key),
        Object.fromEntries(inner.map(([k, v]) => [k, translated(v, name)])),
      ];
    }
    return [name(key), translated(one, name)];
  });
  return Object.fromEntries(entries);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
