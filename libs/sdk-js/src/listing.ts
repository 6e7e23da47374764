/**
 * A list that is read in pages. `await` it for the first page, iterate it for all items, or iterate
 * `pages()`.
 */
export class Listing<Page, Item> implements PromiseLike<Page> {
  constructor(
    private readonly read: () => AsyncGenerator<Page, void>,
    private readonly items: (page: Page) => readonly Item[],
  ) {}

  /** Return all pages, one after the other. */
  pages(): AsyncGenerator<Page, void> {
    return this.read();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    for await (const page of this.read()) yield* this.items(page);
  }

  then<Value = Page, Other = never>(
    onFulfilled?: ((page: Page) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Other | PromiseLike<Other>) | null,
  ): Promise<Value | Other> {
    // The first page exists, also of an empty list.
    const first = this.read().next() as Promise<{ value: Page }>;
    return first.then(({ value }) => value).then(onFulfilled, onRejected);
  }
}

/** A page as the server sends it. */
interface Page {
  data: unknown;
  pagination?: { page: number; has_next: boolean };
}

interface Position {
  cursor?: string | null;
  next_cursor?: string | null;
  offset?: number;
  limit?: number;
  total?: number;
}

/** Return the query of the next page, undefined after the last one. */
export function nextQuery(query: object, page: Page): object | undefined {
  if (page.pagination) {
    const { has_next, page: number } = page.pagination;
    return has_next ? { ...query, page: number + 1 } : undefined;
  }
  const position = (page.data ?? {}) as Position;
  // Null on the last page, absent in lists that have none.
  const { next_cursor, cursor = next_cursor } = position;
  if (cursor) {
    const { offset: _, ...rest } = query as Position;
    return { ...rest, cursor };
  }
  if (cursor === null || position.total === undefined) return undefined;
  const offset = (position.offset ?? 0) + (position.limit ?? position.total);
  return offset < position.total ? { ...query, offset } : undefined;
}
