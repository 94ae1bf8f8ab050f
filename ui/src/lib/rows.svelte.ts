// The list of the panel: pages read as they are reached, rows patched in place. While someone's
// pointer or focus is among the rows nothing moves: new ones wait, and the finished ones stay.

import { counterOf, type Counter } from "./states";
import type { PageView, RowView } from "./types";

type Ask = (cursor: string | null) => Promise<PageView>;

/** Whether a pushed row has its place in the list as it is filtered now. */
interface Belongs {
  /** One that is not listed yet. */
  joins(row: RowView): boolean;
  /** One that is. What the agent's search found, and why, it knows best. */
  stays(row: RowView): boolean;
}

export class Rows {
  all = $state.raw<RowView[]>([]);
  /** New ones that wait until nobody is among the rows. */
  fresh = $state.raw<RowView[]>([]);
  loading = $state(false);
  /** True once the first page has come. */
  known = $state(false);
  more = $state(false);
  failed = $state(false);
  held = $state(false);

  private next: string | null = null;
  /** Cursor of each page read, and the row it begins with. */
  private pages: { cursor: string | null; first: number }[] = [];
  private turn = 0;
  /** What was pushed while a page was on its way: it may be newer than the page. */
  private meanwhile: RowView[] = [];
  /** The first row on the screen, told by the list. */
  looking = 0;

  /** What changed while it was held: it may have to leave afterwards. */
  private readonly touched = new Set<string>();

  constructor(
    private readonly ask: Ask,
    private readonly belongs: Belongs,
  ) {}

  /** From the top, for another filter or search. */
  async reload(): Promise<void> {
    const page = await this.read(null, ++this.turn);
    if (!page) return;
    this.pages = [{ cursor: null, first: 0 }];
    this.fresh = [];
    this.all = page.rows;
    this.end(page.next);
    this.known = true;
    this.catchUp();
  }

  /** The next page, when the end comes near. */
  async grow(): Promise<void> {
    if (this.loading || !this.more) return;
    const cursor = this.next;
    const page = await this.read(cursor, this.turn);
    if (!page) return;
    const have = new Set(this.all.map((row) => row.id));
    this.pages.push({ cursor, first: this.all.length });
    this.all = [...this.all, ...page.rows.filter((row) => !have.has(row.id))];
    this.end(page.next);
    this.catchUp();
  }

  /** Reads again the first page and the one that is looked at, without moving anything held. */
  async refresh(): Promise<void> {
    if (!this.known) return this.reload();
    const first = await this.read(null, this.turn);
    if (!first) return;
    const last = first.rows.at(-1);
    const until = last ? this.all.findIndex((row) => row.id === last.id) : -1;
    const covered = until >= 0 ? this.all.slice(0, until + 1) : this.all;
    if (this.held) {
      this.refreshHeld(first.rows, covered);
    } else if (until >= 0) {
      const read = new Set(first.rows.map((row) => row.id));
      this.all = [...first.rows, ...this.all.slice(until + 1).filter((row) => !read.has(row.id))];
      this.fresh = [];
    } else {
      this.all = first.rows;
      this.pages = [{ cursor: null, first: 0 }];
      this.fresh = [];
      this.end(first.next);
    }
    this.catchUp();
    await this.refreshLooked();
  }

  /** Rows as pushed; `older` when a newer push came first: then only what moved on since is taken. */
  patch(rows: RowView[], older = false): void {
    if (rows.length === 0) return;
    if (this.loading) this.meanwhile.push(...rows);
    const at = new Map(this.all.map((row, index) => [row.id, index]));
    const all = [...this.all];
    const added: RowView[] = [];
    for (const row of rows) {
      const index = at.get(row.id);
      if (index !== undefined) {
        all[index] = newer(all[index] as RowView, row, older);
        this.touched.add(row.id);
      } else if (this.belongs.joins(row) && this.known && !this.beyond(row)) added.push(row);
    }
    this.all = all;
    if (!this.held) this.leave();
    this.welcome(added);
  }

  /** Someone came among the rows, or left. */
  hold(held: boolean): void {
    if (this.held === held) return;
    this.held = held;
    if (!held) this.release();
  }

  /** Shows what waited. */
  release(): void {
    this.leave();
    this.all = inserted(this.all, this.fresh.filter((row) => this.belongs.joins(row)));
    this.fresh = [];
  }

  private async read(cursor: string | null, turn: number): Promise<PageView | null> {
    this.loading = true;
    try {
      const page = await this.ask(cursor);
      if (turn !== this.turn) return null;
      this.failed = false;
      return page;
    } catch {
      if (turn === this.turn) this.failed = true;
      return null;
    } finally {
      if (turn === this.turn) this.loading = false;
    }
  }

  private end(next: string | null): void {
    this.next = next;
    this.more = next !== null;
  }

  private catchUp(): void {
    const rows = this.meanwhile;
    this.meanwhile = [];
    if (rows.length) this.patch(rows, true);
  }

  private refreshHeld(rows: RowView[], covered: RowView[]): void {
    const read = new Map(rows.map((row) => [row.id, row]));
    const shown = new Set(covered.map((row) => row.id));
    this.all = this.all.map((row) => read.get(row.id) ?? row);
    this.welcome(rows.filter((row) => !shown.has(row.id)));
  }

  private async refreshLooked(): Promise<void> {
    const page = this.pages.findLast(({ first }) => first <= this.looking);
    if (!page?.cursor) return;
    const read = await this.read(page.cursor, this.turn);
    if (read) this.patch(read.rows);
  }

  /** Older than all that is loaded, while more is to come: its page will bring it. */
  private beyond(row: RowView): boolean {
    const last = this.all.at(-1);
    return this.more && last !== undefined && byAge(last, row) < 0;
  }

  private leave(): void {
    if (this.touched.size === 0) return;
    this.all = this.all.filter((row) => !this.touched.has(row.id) || this.belongs.stays(row));
    this.touched.clear();
  }

  private welcome(added: RowView[]): void {
    if (added.length === 0) return;
    if (!this.held) return void (this.all = inserted(this.all, added));
    const again = new Set(added.map((row) => row.id));
    this.fresh = inserted(this.fresh.filter((row) => !again.has(row.id)), added);
  }
}

export function inCounter(row: RowView, filter: Counter | null): boolean {
  return filter === null || counterOf(row) === filter;
}

/** The agent's own search knows more; this one decides whether a new row joins what was found. */
export function isFound(row: RowView, search: string): boolean {
  const words = plain(search.trim());
  if (!words) return true;
  const bare = words.replaceAll(".", "") || words;
  return [row.id, String(row.folio), row.receiver, row.receiver_id, String(row.total), row.track ?? ""].some(
    (field) => plain(field).includes(words) || plain(field).includes(bare),
  );
}

function newer(old: RowView, row: RowView, strict: boolean): RowView {
  if (row.version !== old.version) return row.version > old.version ? row : old;
  const [before, after] = [Date.parse(old.since), Date.parse(row.since)];
  return strict ? (after > before ? row : old) : after >= before ? row : old;
}

function byAge(a: RowView, b: RowView): number {
  const age = Date.parse(b.issued) - Date.parse(a.issued);
  return age || (a.series === b.series ? b.folio - a.folio : 0);
}

/** Each added row before the first that is not newer; the order of the others is the agent's. */
function inserted(rows: RowView[], added: RowView[]): RowView[] {
  const all = [...rows];
  for (const row of added.toSorted(byAge).reverse()) {
    const at = all.findIndex((one) => byAge(row, one) <= 0);
    all.splice(at < 0 ? all.length : at, 0, row);
  }
  return all;
}

function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
