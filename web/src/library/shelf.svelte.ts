import type { components } from 'securetranscribe-js';

import { api, client } from '../lib/client';
import { inTurn } from '../lib/in_turn';

export type Tag = components['schemas']['TagUseData'];
export type Folder = components['schemas']['FolderData'];

/** Tags and folders of the session. */
export class Shelf {
  tags = $state.raw<readonly Tag[]>([]);
  folders = $state.raw<readonly Folder[]>([]);

  /** Read both. */
  readonly read = inTurn(async (): Promise<void> => {
    const [tags, folders] = await Promise.all([
      client.call(api.GET('/api/tags')),
      client.call(api.GET('/api/folders')),
    ]);
    this.tags = tags.data.tags;
    this.folders = folders.data.folders;
  });

  /** Return the name of a folder with those it lies in. */
  path(id: number): string {
    return pathOf(this.folders, id);
  }

  /** Return the tag of a name, made if there is none. */
  async tag(name: string): Promise<number> {
    const same = (tag: Tag) => tag.name.toLowerCase() === name.toLowerCase();
    const found = this.tags.find(same);
    if (found) return found.tag_id;
    const body = { name, color: '' };
    const { data } = await client.call(api.POST('/api/tags', { body }));
    await this.read();
    return data.tag_id;
  }

  /** Make a folder, and return its number. */
  async folder(name: string, parent_id = 0): Promise<number> {
    const { data } = await client.call(api.POST('/api/folders', { body: { name, parent_id } }));
    await this.read();
    return data.folder_id;
  }
}

/** Return the name of a folder with those it lies in, such as `Clients / North`. */
export function pathOf(folders: readonly Folder[], id: number): string {
  const names: string[] = [];
  let next: number | null = id;
  while (next !== null && names.length <= folders.length) {
    const folder: Folder | undefined = folders.find((one) => one.folder_id === next);
    if (!folder) break;
    names.unshift(folder.name);
    next = folder.parent_id;
  }
  return names.join(' / ');
}
