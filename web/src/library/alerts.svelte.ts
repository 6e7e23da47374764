import { client } from '../lib/client';
import { t } from '../lib/i18n.svelte';
import { router } from '../lib/router.svelte';

/** Notifications of the browser when a transcript is ready, if they are allowed. */
class Alerts {
  /** `none` where the browser has no notifications, as without HTTPS. */
  permission = $state<NotificationPermission | 'none'>(
    'Notification' in globalThis && isSecureContext ? Notification.permission : 'none',
  );
  #listening = false;

  /** Ask for permission. Browsers want this to follow a click. */
  async ask(): Promise<void> {
    this.permission = await Notification.requestPermission();
  }

  /** Listen for transcripts that become ready, on every page from now on. */
  start(): void {
    if (this.#listening || this.permission === 'none') return;
    this.#listening = true;
    client.on('job_completed', (data) => void this.#show(data.transcription_id, 'ready'));
    client.on('job_failed', (data) => void this.#show(data.transcription_id, 'failed'));
  }

  async #show(id: number, result: 'ready' | 'failed'): Promise<void> {
    if (this.permission !== 'granted' || document.visibilityState === 'visible') return;
    const { title } = await client.getStatus(id);
    // The tag keeps several tabs from showing it more than once.
    const options = { body: title, tag: `transcription-${id}` };
    const shown = new Notification(t(`library.alert.${result}`), options);
    shown.onclick = () => {
      window.focus();
      router.go(`/t/${id}`);
      shown.close();
    };
  }
}

export const alerts = new Alerts();
