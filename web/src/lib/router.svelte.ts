/** A page with the parameters of its address. */
export type Route =
  | { page: 'library' }
  | { page: 'transcript'; id: number }
  | { page: 'record' }
  | { page: 'people' }
  | { page: 'queue' }
  | { page: 'vocabulary' }
  | { page: 'session' }
  | { page: 'account' }
  | { page: 'workspace' }
  | { page: 'webhooks' }
  | { page: 'users' }
  | { page: 'audit' }
  | { page: 'with-me'; id?: number }
  | { page: 'system' }
  | { page: 'missing' };

/** Return the page of a path. */
export function routeOf(path: string): Route {
  const [first = '', second = '', ...more] = path.replace(/^\/+|\/+$/g, '').split('/');
  if (more.length === 0 && first === 't' && /^\d{1,15}$/.test(second)) {
    return { page: 'transcript', id: Number(second) };
  }
  if (more.length === 0 && first === 'with-me' && /^\d{1,15}$/.test(second)) {
    return { page: 'with-me', id: Number(second) };
  }
  if (second === '' && more.length === 0) {
    if (first === '') return { page: 'library' };
    if (first === 'people' || first === 'queue' || first === 'session') return { page: first };
    if (first === 'account' || first === 'with-me') return { page: first };
    if (first === 'webhooks') return { page: first };
    if (first === 'workspace' || first === 'users' || first === 'audit') return { page: first };
    if (first === 'record' || first === 'vocabulary' || first === 'system') return { page: first };
  }
  return { page: 'missing' };
}

/** Return the time in seconds that a fragment such as `#t=83.2` names. */
export function timeOf(fragment: string): number | undefined {
  const found = /^#t=(\d+(?:\.\d+)?)$/.exec(fragment);
  return found ? Number(found[1]) : undefined;
}

class Router {
  route = $state.raw<Route>(routeOf(location.pathname));
  fragment = $state(location.hash);
  query = $state(location.search);

  constructor() {
    addEventListener('popstate', () => this.#read());
    addEventListener('hashchange', () => this.#read());
  }

  /** Show the page of an address. */
  go(address: string): void {
    history.pushState(null, '', address);
    this.#read();
    scrollTo(0, 0);
  }

  /** Change the address of the page that is shown, as a step to go back to or in place. */
  adjust(address: string, { step }: { step: boolean }): void {
    if (step) history.pushState(null, '', address);
    else history.replaceState(null, '', address);
    this.#read();
  }

  /** Follow a click on a link to a page of this application without loading it again. */
  follow(event: MouseEvent): void {
    const link = (event.target as Element).closest('a');
    const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.button !== 0 || event.defaultPrevented) return;
    if (link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (routeOf(link.pathname).page === 'missing') return;
    // The browser moves the focus to a part of the page.
    if (link.pathname === location.pathname && document.getElementById(link.hash.slice(1))) return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }

  #read(): void {
    this.route = routeOf(location.pathname);
    this.fragment = location.hash;
    this.query = location.search;
  }
}

/** The page that is shown. */
export const router = new Router();
