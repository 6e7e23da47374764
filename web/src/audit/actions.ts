import english from '../locales/en';
import { t, type Key } from '../lib/i18n.svelte';

const PREFIX = 'audit.kind.';
/** Kinds of actions, as the server names them. */
export const KINDS = Object.keys(english)
  .filter((key) => key.startsWith(PREFIX))
  .map((key) => key.slice(PREFIX.length));

/** Return a kind of action or of things for people. One of a newer server stays as it is. */
export function kindOf(kind: string): string {
  return known(`audit.kind.${kind}`) ?? kind;
}

/** Return an action such as `transcription.delete` for people. */
export function actionOf(action: string): string {
  const [kind = '', verb = ''] = action.split('.');
  const deed = known(`audit.verb.${verb}`);
  return deed ? `${kindOf(kind)}: ${deed}` : action;
}

function known(key: string): string | undefined {
  return key in english ? t(key as Key) : undefined;
}
