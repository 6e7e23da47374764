import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { ServerState } from '../lib/server_state.svelte';

export type Webhook = components['schemas']['WebhookData'];
export type Delivery = components['schemas']['DeliveryData'];
type NewWebhook = components['schemas']['WebhookBody'];
type Changes = components['schemas']['WebhookUpdateBody'];
export type EventType = NewWebhook['events'][number];

/** Types of events in the order of a recording's life. */
export const EVENT_TYPES: readonly EventType[] = [
  'transcription.created',
  'job.queued',
  'job.started',
  'job.completed',
  'job.failed',
  'job.cancelled',
  'transcription.edited',
  'transcription.speakers_assigned',
  'transcription.expiring',
  'transcription.deleted',
];

const ONE = '/api/webhooks/{webhook_id}';

/** The webhooks of the workspace, with what its managers do with them. */
export class Webhooks extends ServerState {
  list = $state.raw<readonly Webhook[]>([]);

  /** Make a webhook. Return its secret. */
  async create(body: NewWebhook): Promise<string> {
    const { data } = await client.call(api.POST('/api/webhooks', { body }));
    await this.read();
    return data.secret;
  }

  /** Change a webhook. */
  async change(webhook: Webhook, body: Changes): Promise<void> {
    await client.call(api.PUT(ONE, { params: { path: pathOf(webhook) }, body }));
    await this.read();
  }

  /** Make a new secret, and return it. The former one signs too for a day. */
  async rotate(webhook: Webhook): Promise<string> {
    const params = { path: pathOf(webhook) };
    const { data } = await client.call(api.POST(`${ONE}/rotate`, { params }));
    await this.read();
    return data.secret;
  }

  /** Delete a webhook with its log. */
  remove(webhook: Webhook): Promise<boolean> {
    return this.act(client.call(api.DELETE(ONE, { params: { path: pathOf(webhook) } })));
  }

  protected async load(): Promise<void> {
    this.list = (await client.call(api.GET('/api/webhooks'))).data.webhooks;
  }
}

/** Milliseconds between two looks at a delivery that is due soon. */
const LOOK = 2000;
/** Milliseconds until an attempt that is waited for. One in progress has up to a minute and a half. */
const SOON = 120_000;

/** The delivery log of a webhook, the latest first. */
export class Deliveries extends ServerState {
  list = $state.raw<readonly Delivery[]>([]);
  /** Cursor of the next page, null on the last one. */
  cursor = $state.raw<string | null>(null);
  /** Whether the webhook was active when the log was read. */
  #active = false;

  constructor(
    readonly webhook: () => Webhook,
    /** Called after each look, since attempts may pause the webhook. */
    readonly onread: () => void,
  ) {
    super();
  }

  /** Keep the log up to date while an attempt is due soon. */
  override watch(): () => void {
    const end = super.watch();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible' && this.isMoving()) void this.read();
    }, LOOK);
    return () => {
      end();
      clearInterval(timer);
    };
  }

  /** Send a message of the type of tests. */
  async test(): Promise<void> {
    const params = { path: pathOf(this.webhook()) };
    await this.act(client.call(api.POST(`${ONE}/test`, { params })));
  }

  /** Send a delivery again. */
  async repeat(delivery: Delivery): Promise<void> {
    const path = { ...pathOf(this.webhook()), delivery_id: delivery.delivery_id };
    const url = `${ONE}/deliveries/{delivery_id}/redeliver` as const;
    await this.act(client.call(api.POST(url, { params: { path } })));
  }

  /** Read the next page. */
  async more(): Promise<void> {
    const cursor = this.cursor;
    if (cursor === null) return;
    await this.attempt(async () => {
      const page = await this.#page(cursor);
      this.list = [...this.list, ...page.deliveries];
      this.cursor = page.cursor;
    });
  }

  /** Read the log, and then the state of the webhook. */
  override async read(): Promise<void> {
    await super.read();
    this.onread();
  }

  /** Whether an attempt is due soon or in progress, so that its outcome can be waited for. */
  isMoving(now = Date.now()): boolean {
    const due = (one: Delivery) => Date.parse(one.next_attempt_at ?? '') <= now + SOON;
    // What a webhook had waiting when it was paused has an outcome since.
    const active = this.webhook().active || this.#active;
    return active && this.list.some((one) => one.state === 'waiting' && due(one));
  }

  protected async load(): Promise<void> {
    const { active } = this.webhook();
    const page = await this.#page();
    this.#active = active;
    this.list = page.deliveries;
    this.cursor = page.cursor;
  }

  async #page(cursor?: string) {
    const query = { limit: 20, cursor };
    const params = { path: pathOf(this.webhook()), query };
    return (await client.call(api.GET(`${ONE}/deliveries`, { params }))).data;
  }
}

function pathOf({ webhook_id }: Webhook): { webhook_id: string } {
  return { webhook_id };
}
