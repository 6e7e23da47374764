/** Part of the library that is shown, as the address has it. */
export interface View {
  trash: boolean;
  query: string;
  tag: number | undefined;
  /** `0` stands for those outside of all folders. */
  folder: number | undefined;
  favorite: boolean;
  language: string;
  status: Status | '';
  speaker: string;
  from: string;
  to: string;
  sort: Sort;
}

export const STATUSES = ['pending', 'processing', 'completed', 'failed'] as const;
export const SORTS = [
  'newest',
  'oldest',
  'title',
  'title_descending',
  'longest',
  'shortest',
] as const;
export type Status = (typeof STATUSES)[number];
export type Sort = (typeof SORTS)[number];

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** Return the view that the query of an address names. What it does not understand is left out. */
export function parseView(address: string): View {
  const found = new URLSearchParams(address);
  const text = (name: string) => found.get(name)?.trim() ?? '';
  const number = (name: string) => (/^\d{1,15}$/.test(text(name)) ? Number(text(name)) : undefined);
  const date = (name: string) => (DATE.test(text(name)) ? text(name) : '');
  return {
    trash: text('view') === 'trash',
    query: found.get('q') ?? '',
    tag: number('tag'),
    folder: number('folder'),
    favorite: text('favorite') === '1',
    language: text('language'),
    status: STATUSES.find((status) => status === text('status')) ?? '',
    speaker: text('speaker'),
    from: date('from'),
    to: date('to'),
    sort: SORTS.find((sort) => sort === text('sort')) ?? 'newest',
  };
}

/** Return the address of a view. */
export function addressOf(view: View): string {
  const parts: [string, string | undefined][] = [
    ['view', view.trash ? 'trash' : ''],
    ['q', view.query],
    ['tag', view.tag?.toString()],
    ['folder', view.folder?.toString()],
    ['favorite', view.favorite ? '1' : ''],
    ['language', view.language],
    ['status', view.status],
    ['speaker', view.speaker],
    ['from', view.from],
    ['to', view.to],
    ['sort', view.sort === 'newest' ? '' : view.sort],
  ];
  const kept = parts.filter((part): part is [string, string] => Boolean(part[1]));
  const query = new URLSearchParams(kept).toString();
  return query ? `/?${query}` : '/';
}

/** Return the number of filters that narrow a view, without the words that are searched for. */
export function filterCount(view: View): number {
  const filters = [view.favorite, view.language, view.status, view.speaker, view.from, view.to];
  const places = [view.tag, view.folder].filter((place) => place !== undefined);
  return filters.filter(Boolean).length + places.length;
}

/** Return the view without filters. */
export function unfiltered(view: View): View {
  return { ...parseView(''), query: view.query, sort: view.sort, trash: view.trash };
}

/** Return the parameters of the list that stand for a view. */
export function listQuery(view: View) {
  return {
    ...dates(view),
    sort: view.sort,
    ...(view.tag === undefined ? {} : { tag_id: [view.tag] }),
    ...(view.folder === undefined ? {} : { folder_id: view.folder }),
    ...(view.favorite ? { favorite: true } : {}),
    ...(view.language ? { language: view.language } : {}),
    ...(view.status ? { status_filter: view.status } : {}),
    ...(view.speaker ? { speaker: view.speaker } : {}),
  };
}

/** Return the parameters of the search that stand for a view. Search names tags by name. */
export function searchQuery(view: View, tagName: string | undefined) {
  return {
    ...dates(view),
    q: view.query.trim(),
    ...(tagName === undefined ? {} : { tag: tagName }),
    ...(view.folder ? { folder_id: view.folder } : {}),
    ...(view.favorite ? { favorite: true } : {}),
    ...(view.language ? { language: view.language } : {}),
    ...(view.status ? { status: view.status } : {}),
    ...(view.speaker ? { speaker: view.speaker } : {}),
  };
}

/** Return the filter of a change of many that stands for a view. */
export function bulkFilter(view: View) {
  return {
    tag_ids: view.tag === undefined ? [] : [view.tag],
    language: view.language,
    speaker: view.speaker,
    ...(view.folder === undefined ? {} : { folder_id: view.folder }),
    ...(view.favorite ? { favorite: true } : {}),
    ...(view.status ? { status: view.status } : {}),
    ...(view.from ? { since: startOf(view.from) } : {}),
    ...(view.to ? { until: endOf(view.to) } : {}),
  };
}

function dates(view: View) {
  return {
    ...(view.from ? { from: startOf(view.from) } : {}),
    ...(view.to ? { to: endOf(view.to) } : {}),
  };
}

/** Days are those of the reader, and the server expects times. */
function startOf(date: string): string {
  return new Date(`${date}T00:00:00`).toISOString();
}

function endOf(date: string): string {
  return new Date(`${date}T23:59:59.999`).toISOString();
}
