type Handler<Data> = (data: Data) => void;

/** Functions that are called with messages, by type. */
export class Handlers<Events> {
  readonly #handlers = new Map<keyof Events, Set<Handler<never>>>();

  /** Whether nobody waits for messages. */
  get isIdle(): boolean {
    return [...this.#handlers.values()].every((handlers) => !handlers.size);
  }

  /** Call `handler` with each message of a type. Return a function that ends this. */
  add<Type extends keyof Events>(
    type: Type,
    handler: Handler<Events[Type]>,
  ): () => void {
    const handlers = this.#handlers.get(type) ?? new Set();
    this.#handlers.set(type, handlers.add(handler as Handler<never>));
    return () => handlers.delete(handler as Handler<never>);
  }

  /** Pass on a message. */
  tell<Type extends keyof Events>(type: Type, data: Events[Type]): void {
    const handlers = this.#handlers.get(type) ?? new Set();
    for (const handler of handlers) handler(data as never);
  }
}
