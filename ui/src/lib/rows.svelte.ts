// The list of the panel: pages read as they are reached, rows patched in place. While someone's
// pointer or focus is among the rows nothing moves: new ones wait, and the finished ones stay.

import type { PageView, RowView } from "./types";

type Ask = (cursor: string | null) => Promise<PageView>;

/** Whether a pushed row has its place in the list as it is filtered now. */
interface Belongs {
  /** One that is not listed yet. */
  joins(row: RowView): boolean;
  /** One that is. What the agent's search found, and why, it knows best. */
  stays(row: RowView): boolean;
}

/** A page as it was asked for. */
interface Page {
  cursor: string | null;
  /** Its first row when it was read; the top of the list for the first page. */
  from: RowView | null;
  /** More may have changed in it than was told: it is read again when someone looks at it. */
  stale: boolean;
}

/** More rows than these are not kept once nobody is among them: a window that stays open for a year holds no year. */
export const KEPT = 2_000;

export class Rows {
  all = $state.raw<RowView[]>([]);
  /** New ones that wait until nobody is among the rows. */
  fresh = $state.raw<RowView[]>([]);
  /** Listed ones that a reading found no more: they left the filter, and leave the list when nobody is among the rows. */
  gone = $state.raw<ReadonlySet<string>>(new Set());
  loading = $state(false);
  /** True once the first page has come. */
  known = $state(false);
  more = $state(false);
  /** How far back was looked for a search that finds little; further only when a person asks. */
  reached = $state<string | null>(null);
  failed = $state(false);
  held = $state(false);

  private next: string | null = null;
  private pages: Page[] = [];
  private turn = 0;
  private reading = 0;
  /** What was pushed while a page was on its way: the page may not know it yet. */
  private meanwhile: RowView[] = [];
  /** What changed while it was held: it may have to leave afterwards. */
  private readonly touched = new Set<string>();
  /** So much is new that a page of it does not reach down to what is listed. */
  private torn = false;

  constructor(
    private readonly ask: Ask,
    private readonly belongs: Belongs,
  ) {}

  /** From the top, for another filter or search. */
  async reload(): Promise<void> {
    await this.read(null, ++this.turn, (page) => this.begin(page));
  }

  /** The next page, when the end comes near. */
  async grow(): Promise<void> {
    if (this.loading || !this.more) return;
    const cursor = this.next;
    await this.read(cursor, this.turn, (page) => {
      const have = new Set(this.all.map((row) => row.id));
      this.pages.push({ cursor, from: page.rows[0] ?? this.all.at(-1) ?? null, stale: false });
      this.all = [...this.all, ...page.rows.filter((row) => !have.has(row.id))];
      this.end(page);
    });
  }

  /** Reads the first page again, and every other one when it is looked at, without moving anything held. */
  async refresh(): Promise<void> {
    const [top] = this.pages;
    if (!this.known || !top) return this.reload();
    for (const other of this.pages) other.stale = other !== top;
    await this.read(null, this.turn, (page) => {
      const have = new Set(this.all.map((row) => row.id));
      this.torn = page.next !== null && !page.reached && this.all.length > 0 && !page.rows.some((row) => have.has(row.id));
      if (this.torn && !this.held) return this.begin(page);
      this.merge(top, page);
      this.cut(page);
    });
  }

  /** Someone looks at the rows from one place to another: what is stale there is read again. */
  async reach(first: number, last: number): Promise<void> {
    if (this.loading || this.failed) return;
    const looked = [this.all[first], this.all[Math.min(last, this.all.length) - 1]];
    const page = looked.map((row) => row && this.pageOf(row)).find((one) => one?.stale);
    if (!page) return;
    await this.read(page.cursor, this.turn, (read) => {
      page.stale = false;
      this.merge(page, read);
    });
  }

  /** After a failure: what was not read is asked for again. */
  async again(): Promise<void> {
    await this.refresh();
  }

  /** Rows as pushed. */
  patch(rows: RowView[]): void {
    if (rows.length === 0) return;
    if (this.loading) this.meanwhile.push(...rows);
    const at = new Map(this.all.map((row, index) => [row.id, index]));
    const all = [...this.all];
    const added: RowView[] = [];
    const back = new Set<string>();
    for (const row of rows) {
      const index = at.get(row.id);
      if (index !== undefined) {
        all[index] = newer(all[index] as RowView, row);
        this.touched.add(row.id);
        back.add(row.id);
      } else if (this.belongs.joins(row) && this.known && !this.beyond(row)) added.push(row);
    }
    this.all = all;
    if (this.gone.size) this.gone = new Set([...this.gone].filter((id) => !back.has(id)));
    if (!this.held) this.leave();
    this.welcome(added);
    this.forget();
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
    if (this.torn) void this.reload();
    else this.forget();
  }

  private begin(page: PageView): void {
    this.pages = [{ cursor: null, from: null, stale: false }];
    this.fresh = [];
    this.gone = new Set();
    this.touched.clear();
    this.torn = false;
    this.all = page.rows;
    this.end(page);
    this.known = true;
  }

  /** What came is in its place before it counts as read: whoever sees that nothing is loading may ask for the next. */
  private async read(cursor: string | null, turn: number, take: (page: PageView) => void): Promise<void> {
    this.reading++;
    this.loading = true;
    const page = await this.ask(cursor).catch(() => null);
    try {
      if (turn !== this.turn) return;
      this.failed = page === null;
      if (page) take(page);
    } finally {
      this.reading--;
      this.loading = this.reading > 0;
    }
    if (page) this.catchUp();
  }

  private end({ next, reached }: PageView): void {
    this.next = next;
    this.more = next !== null;
    this.reached = reached ?? null;
  }

  private catchUp(): void {
    const rows = this.meanwhile;
    if (!this.loading) this.meanwhile = [];
    this.patch(rows);
  }

  /** What a page that was read again says of the rows it covers: changed, new, or gone. */
  private merge(page: Page, { rows, next }: PageView): void {
    const read = new Map(rows.map((row) => [row.id, row]));
    const last = rows.at(-1);
    const known = new Set(this.all.map((row) => row.id));
    const late = new Set(this.meanwhile.map((row) => row.id));
    const covered = (row: RowView) => (page.from === null || byAge(page.from, row) <= 0) && (next === null || (last !== undefined && byAge(row, last) < 0));
    const left = this.all.filter((row) => covered(row) && !read.has(row.id) && !late.has(row.id)).map((row) => row.id);
    this.all = this.all.map((row) => newer(row, read.get(row.id) ?? row));
    this.gone = new Set([...[...this.gone].filter((id) => !read.has(id)), ...left]);
    if (!this.held) this.leave();
    this.welcome(rows.filter((row) => !known.has(row.id)));
  }

  /** What the first page no longer reaches becomes a page of its own; one that its neighbours cover goes. */
  private cut(page: PageView): void {
    const { rows, next } = page;
    const last = rows.at(-1);
    const below = last && this.all.find((row) => byAge(last, row) < 0);
    if (!below) return this.pages.length === 1 ? this.end(page) : undefined;
    const place = ({ from }: Page) => (from === null ? 0 : this.all.findIndex((row) => byAge(from, row) <= 0));
    const pages = [...this.pages, { cursor: next, from: below, stale: true }].sort((a, b) => place(a) - place(b));
    this.pages = pages.filter((page, i) => {
      const [before, after] = [pages[i - 1], pages[i + 1]];
      return page.from === below || !before || !after || place(after) - place(before) > rows.length;
    });
  }

  private pageOf(row: RowView): Page | undefined {
    return this.pages.findLast(({ from }) => from === null || byAge(from, row) <= 0);
  }

  /** Older than all that is loaded, while more is to come: its page will bring it. */
  private beyond(row: RowView): boolean {
    const last = this.all.at(-1);
    return this.more && last !== undefined && byAge(last, row) < 0;
  }

  private leave(): void {
    if (this.touched.size === 0 && this.gone.size === 0) return;
    this.all = this.all.filter((row) => !this.gone.has(row.id) && (!this.touched.has(row.id) || this.belongs.stays(row)));
    this.touched.clear();
    this.gone = new Set();
  }

  /** Begins anew when there is more than is kept; what was left out comes with its page, as ever. */
  private forget(): void {
    if (!this.held && !this.loading && this.all.length > KEPT) void this.reload();
  }

  private welcome(added: RowView[]): void {
    if (added.length === 0) return;
    if (!this.held) return void (this.all = inserted(this.all, added));
    const before = new Map(this.fresh.map((row) => [row.id, row]));
    const again = new Map(added.map((row) => [row.id, newer(before.get(row.id) ?? row, row)]));
    this.fresh = inserted(this.fresh.filter((row) => !again.has(row.id)), [...again.values()]);
  }
}

/** The agent's own search knows more; this one decides whether a new row joins what was found. */
export function isFound(row: RowView, search: string): boolean {
  // A sum is found as it is shown: «$ 14.488».
  const words = plain(search.replaceAll("$", " ").trim());
  if (!words) return true;
  const bare = words.replaceAll(".", "") || words;
  return [row.id, String(row.folio), `${row.kind} ${row.folio}`, row.receiver, row.receiver_id, String(row.total), row.track ?? ""].some(
    (field) => plain(field).includes(words) || plain(field).includes(bare),
  );
}

function newer(old: RowView, row: RowView): RowView {
  return row.revision >= old.revision ? row : old;
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
