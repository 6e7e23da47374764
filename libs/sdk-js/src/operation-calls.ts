import { Calls, type ClientOptions } from "./calls.js";
import { fileOf } from "./files.js";
import { Listing } from "./listing.js";
import type {
  CallMethods,
  CallRow,
  FileMethods,
  ListMethods,
} from "./operation-types.js";
import { FILES, LISTS } from "./operations-lists.js";
import { OWNERS } from "./operations-owners.js";
import { RECORDINGS } from "./operations-recordings.js";

type Tables = CallMethods<typeof RECORDINGS> &
  CallMethods<typeof OWNERS> &
  ListMethods<typeof LISTS> &
  FileMethods<typeof FILES>;
type Anything = (...given: unknown[]) => unknown;

/** The calls of the tables without their types. */
class Described extends Calls {
  static {
    const methods = this.prototype as unknown as Record<string, Anything>;
    for (const [name, row] of Object.entries({ ...RECORDINGS, ...OWNERS })) {
      methods[name] = function (this: Described, ...given) {
        return this.request(row[0], row[1] as never, initOf(row, given));
      };
    }
    for (const [name, row] of Object.entries(LISTS)) {
      const [, path, , key] = row;
      methods[name] = function (this: Described, ...given) {
        const read = () => this.pages(path as never, initOf(row, given));
        return new Listing<unknown, unknown>(
          read,
          (page) => (key ? (page as never)[key] : page) as unknown[],
        );
      };
    }
    for (const [name, row] of Object.entries(FILES)) {
      const [method, path, , fallback] = row;
      methods[name] = async function (this: Described, ...given) {
        const init = initOf(row, given);
        return fileOf(await this.download(method, path, init), fallback);
      };
    }
  }
}

/** Return the arguments of `request` for those of a method. */
function initOf(
  row: CallRow | readonly [...CallRow, string],
  given: unknown[],
): never {
  const [, template, takes] = row;
  const rest = [...given];
  const path: Record<string, unknown> = {};
  for (const [, name] of template.matchAll(/{(\w+)}/g)) {
    path[name!] = rest.shift();
  }
  const fields = takes === "nothing" ? {} : { [takes]: rest.shift() };
  return { path, ...fields, ...(rest[0] as object) } as never;
}

/** Calls of one request each. */
export const OperationCalls = Described as unknown as new (
  options?: ClientOptions,
) => Calls & Tables;
