import { openDB, type DBSchema } from "idb";

import type { Entry } from "./reports";
import type { Situation } from "./request";

/** What the page remembers of the work beside the reports that wait. */
export interface Remembered {
  situation: Situation;
  heardAt: number;
  /** By dispatch: reports without words of their own that were sent late. */
  late: Record<string, { kind: string; said_at: number }[]>;
  /** By dispatch: photos that were taken by the API. */
  photos: Record<string, number>;
}

interface Schema extends DBSchema {
  outbox: { key: number; value: Omit<Entry, "id"> & { id?: number } };
  remembered: { key: string; value: Remembered[keyof Remembered] };
}

const opening = openDB<Schema>("cbutton.unit", 1, {
  upgrade(database) {
    database.createObjectStore("outbox", { keyPath: "id", autoIncrement: true });
    database.createObjectStore("remembered");
  },
});

/** The phone's own database: what is in it outlives a reload, a killed tab and an empty battery. */
export const storage = {
  async entries(): Promise<Entry[]> {
    return (await (await opening).getAll("outbox")) as Entry[];
  },
  async add(entry: Omit<Entry, "id">): Promise<void> {
    // "strict": on the disk, not only on its way there, before anybody is told that it is kept.
    const write = (await opening).transaction("outbox", "readwrite", { durability: "strict" });
    await Promise.all([write.store.add(entry), write.done]);
  },
  async replace(entry: Entry): Promise<void> {
    await (await opening).put("outbox", entry);
  },
  async remove(id: number): Promise<void> {
    await (await opening).delete("outbox", id);
  },
  async recall<K extends keyof Remembered>(key: K): Promise<Remembered[K] | undefined> {
    return (await (await opening).get("remembered", key)) as Remembered[K] | undefined;
  },
  async remember<K extends keyof Remembered>(key: K, value: Remembered[K]): Promise<void> {
    await (await opening).put("remembered", value, key);
  },
  async clear(): Promise<void> {
    const database = await opening;
    await database.clear("outbox");
    await database.clear("remembered");
  },
};
