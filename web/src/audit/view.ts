/** Which entries are shown, as in the address of the page. Empty values select all. */
export interface AuditView {
  /** Entries about the deployment in place of those about the workspace. */
  deployment: boolean;
  /** First and last day, such as `2026-11-29`. */
  from: string;
  to: string;
  /** Identifier of a user. */
  user: string;
  /** Kind of action, such as `transcription`. */
  kind: string;
  outcome: string;
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const WORD = /^[\w.-]{1,64}$/;
export const OUTCOMES = ['succeeded', 'refused', 'failed', 'cancelled'] as const;

/** Return the view of an address. What it does not understand is left out. */
export function parseView(query: string): AuditView {
  const given = new URLSearchParams(query);
  const take = (name: string, form: RegExp) => {
    const value = given.get(name) ?? '';
    return form.test(value) ? value : '';
  };
  const outcome = given.get('outcome') ?? '';
  return {
    deployment: given.get('of') === 'deployment',
    from: take('from', DAY),
    to: take('to', DAY),
    user: take('user', WORD),
    kind: take('kind', WORD),
    outcome: (OUTCOMES as readonly string[]).includes(outcome) ? outcome : '',
  };
}

/** Return the address of a view. */
export function addressOf(view: AuditView): string {
  const { deployment, ...rest } = view;
  const given = new URLSearchParams(Object.entries(rest).filter(([, value]) => value !== ''));
  if (deployment) given.set('of', 'deployment');
  const query = given.toString();
  return query ? `/audit?${query}` : '/audit';
}

/** Return the parameters that select the entries of a view. Days are those of this browser. */
export function selectionOf(view: AuditView): Record<string, string> {
  const selected: Record<string, string> = {
    from: view.from && startOf(view.from, 0),
    to: view.to && startOf(view.to, 1),
    user_id: view.user,
    action: view.kind && `${view.kind}.`,
    outcome: view.outcome,
    deployment: view.deployment ? 'true' : '',
  };
  return Object.fromEntries(Object.entries(selected).filter(([, value]) => value !== ''));
}

/** Return the first moment of a day, or of one after it. A day that does not exist is ''. */
function startOf(day: string, later: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  const moment = new Date(year, month - 1, date + later);
  return Number.isNaN(moment.getTime()) ? '' : moment.toISOString();
}
