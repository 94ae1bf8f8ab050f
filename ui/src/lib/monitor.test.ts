import { beforeEach, describe, expect, test, vi } from "vitest";

import { DemoShop } from "./demo";
import { Monitor, REFRESH_MS } from "./monitor.svelte";
import { KEPT } from "./rows.svelte";
import type { RowView } from "./types";

const NOW = Date.parse("2026-11-22T15:00:00Z");

let shop: DemoShop;
let monitor: Monitor;
let stop: () => void;

beforeEach(async () => {
  vi.useFakeTimers({ now: NOW });
  shop = new DemoShop({ documents: 250 });
  monitor = new Monitor(shop);
  stop = monitor.start();
  await vi.advanceTimersByTimeAsync(0);
  return () => stop();
});

const ids = () => monitor.rows.all.map((row) => row.id);

function moved(id: string, changes: Partial<RowView>): RowView {
  const row = shop.rows.find((one) => one.id === id) as RowView;
  const after = { ...row, since: new Date(Date.now() + 1000).toISOString(), ...changes };
  shop.rows = shop.rows.map((one) => (one.id === id ? after : one));
  return after;
}

function born(folio: number, changes: Partial<RowView> = {}): RowView {
  const row = { ...(shop.rows[0] as RowView), id: `T39F${folio}`, folio, issued: new Date(Date.now() + folio).toISOString(), ...changes };
  shop.rows = [row, ...shop.rows];
  return row;
}

describe("what is shown", () => {
  test("the newest snapshot wins, in whatever order they come", async () => {
    const older = await shop.snapshot();
    shop.push([]);
    const version = monitor.snapshot?.version ?? 0;
    monitor.take({ snapshot: { ...older, issued_today: 999 }, rows: [], all: false });
    expect(monitor.snapshot?.version).toBe(version);
    expect(monitor.snapshot?.issued_today).not.toBe(999);
  });

  test("after a lost stream the agent may count anew", async () => {
    const fresh = { ...(await shop.snapshot()), version: 0, issued_today: 999 };
    shop.snapshot = async () => fresh;
    shop.lose();
    await vi.advanceTimersByTimeAsync(0);
    expect(monitor.snapshot?.issued_today).toBe(999);
  });

  test("an agent that began anew is followed though the stream of the one before stays open", async () => {
    const before = await shop.snapshot();
    const subscribed = vi.spyOn(shop, "subscribe");
    shop.push([]);
    shop.snapshot = async () => ({ ...before, run: "otra", version: 1, issued_today: 999 });
    await vi.advanceTimersByTimeAsync(2 * REFRESH_MS);
    expect(monitor.snapshot?.issued_today).toBe(999);
    expect(subscribed).toHaveBeenCalledOnce();
    // What comes late of the one before is old, whatever its number.
    monitor.take({ snapshot: { ...before, version: 1_000_000, issued_today: 7 }, rows: [], all: false });
    expect(monitor.snapshot?.issued_today).toBe(999);
  });

  test("after a question without an answer the agent may count anew", async () => {
    const fresh = { ...(await shop.snapshot()), version: 0, issued_today: 999 };
    shop.snapshot = async () => {
      throw new Error("no");
    };
    await vi.advanceTimersByTimeAsync(2 * REFRESH_MS);
    shop.snapshot = async () => fresh;
    await vi.advanceTimersByTimeAsync(2 * REFRESH_MS);
    expect(monitor.snapshot?.issued_today).toBe(999);
  });

  test("a pushed row changes in place", () => {
    const before = ids();
    const id = before[3] as string;
    shop.push([moved(id, { state: "ACEPTADO" })]);
    expect(ids()).toEqual(before);
    expect(monitor.rows.all[3]?.state).toBe("ACEPTADO");
  });

  test("a row that was overtaken does not go back", () => {
    const id = ids()[0] as string;
    const { snapshot } = monitor;
    // The clock went back in between: only the row's own number counts.
    const sent = moved(id, { state: "ENVIADO", revision: 9, since: new Date(NOW - 9000).toISOString() });
    const sending = moved(id, { state: "ENVIANDO", revision: 8, since: new Date(NOW + 4000).toISOString() });
    monitor.take({ snapshot: snapshot!, rows: [sent], all: false });
    monitor.take({ snapshot: snapshot!, rows: [sending], all: false });
    expect(monitor.rows.all[0]?.state).toBe("ENVIADO");
  });

  test("a new document comes first", () => {
    shop.push([born(99_001)]);
    expect(ids()[0]).toBe("T39F99001");
  });

  test("documents of the same instant keep the agent's order", () => {
    const tie = { issued: new Date(NOW + 5000).toISOString() };
    shop.push([born(99_002, tie)]);
    shop.push([born(99_001, tie)]);
    expect(ids().slice(0, 2)).toEqual(["T39F99002", "T39F99001"]);
  });

  test("when too much changed to be told row by row, the page is read again", async () => {
    const id = ids()[0] as string;
    moved(id, { state: "RECHAZADO" });
    shop.push([], true);
    await vi.advanceTimersByTimeAsync(500);
    expect(monitor.rows.all[0]?.state).toBe("RECHAZADO");
  });

  test("pages are read as they are reached, each row once", async () => {
    expect(ids()).toHaveLength(100);
    await monitor.rows.grow();
    await monitor.rows.grow();
    expect(new Set(ids()).size).toBe(250);
    expect(monitor.rows.more).toBe(false);
  });
});

describe("what a window that stays open keeps", () => {
  const many = Array.from({ length: KEPT }, (_, n) => 99_001 + n);

  test("are some pages, however many documents come", async () => {
    shop.push(many.map((folio) => born(folio)));
    await vi.advanceTimersByTimeAsync(0);
    expect(ids()).toHaveLength(100);
    expect(ids()[0]).toBe(`T39F${99_000 + KEPT}`);
    await monitor.rows.grow();
    expect(new Set(ids()).size).toBe(200);
  });

  test("is left alone while someone is among them", async () => {
    const [some, rest] = [many.slice(0, 1_800), many.slice(1_800)];
    shop.push(some.map((folio) => born(folio)));
    await vi.advanceTimersByTimeAsync(0);
    const before = ids();
    expect(before).toHaveLength(1_900);
    monitor.rows.hold(true);
    shop.push(rest.map((folio) => born(folio)));
    await vi.advanceTimersByTimeAsync(0);
    expect(ids()).toEqual(before);
    monitor.rows.hold(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(ids()).toHaveLength(100);
  });
});

describe("while someone is among the rows", () => {
  test("nothing moves: new ones wait and are counted", () => {
    const before = ids();
    monitor.rows.hold(true);
    shop.push([born(99_001)]);
    shop.push([born(99_002)]);
    expect(ids()).toEqual(before);
    expect(monitor.rows.fresh.map((row) => row.id)).toEqual(["T39F99002", "T39F99001"]);
    monitor.rows.hold(false);
    expect(ids().slice(0, 3)).toEqual(["T39F99002", "T39F99001", before[0]]);
  });

  test("a row that leaves the filter stays until they are gone", async () => {
    monitor.choose("queued");
    await vi.advanceTimersByTimeAsync(0);
    const id = ids()[0] as string;
    monitor.rows.hold(true);
    shop.push([moved(id, { state: "ACEPTADO" })]);
    expect(ids()).toContain(id);
    monitor.rows.hold(false);
    expect(ids()).not.toContain(id);
  });

  test("the refresh moves nothing either", async () => {
    const before = ids();
    monitor.rows.hold(true);
    born(99_001);
    await monitor.rows.refresh();
    expect(ids()).toEqual(before);
    expect(monitor.rows.fresh).toHaveLength(1);
  });
});

describe("what was not told row by row", () => {
  test("is read again on every page, as it is reached", async () => {
    await monitor.rows.grow();
    await monitor.rows.grow();
    const asked = vi.spyOn(shop, "documents");
    shop.rows = shop.rows.map((row) => ({ ...row, state: "RECHAZADO" }));
    shop.push([], true);
    await vi.advanceTimersByTimeAsync(500);
    const wrong = () => monitor.rows.all.filter((row) => row.state !== "RECHAZADO").length;
    expect(wrong()).toBe(150);
    await monitor.rows.reach(90, 130);
    expect(wrong()).toBe(50);
    await monitor.rows.reach(90, 130);
    expect(asked).toHaveBeenCalledTimes(2);
    await monitor.rows.reach(230, 250);
    expect(wrong()).toBe(0);
  });

  test("nor does what new documents pushed below the first page stay as it was", async () => {
    await monitor.rows.grow();
    for (let i = 0; i < 40; i++) born(99_000 + i);
    shop.rows = shop.rows.map((row) => ({ ...row, state: "RECHAZADO" }));
    shop.push([], true);
    await vi.advanceTimersByTimeAsync(500);
    expect(monitor.rows.all).toHaveLength(240);
    await monitor.rows.reach(100, 140);
    await monitor.rows.reach(200, 240);
    expect(monitor.rows.all.filter((row) => row.state !== "RECHAZADO")).toEqual([]);
  });

  test("while held, those that left the filter are marked, and go when it is over", async () => {
    monitor.choose("queued");
    await vi.advanceTimersByTimeAsync(0);
    const [id] = ids();
    monitor.rows.hold(true);
    moved(id!, { state: "ACEPTADO" });
    shop.push([], true);
    await vi.advanceTimersByTimeAsync(500);
    expect(ids()).toContain(id);
    expect(monitor.rows.gone.has(id!)).toBe(true);
    monitor.rows.hold(false);
    expect(ids()).not.toContain(id);
  });

  test("so much that a page does not reach down to the list: it begins anew once nobody is in it", async () => {
    monitor.rows.hold(true);
    const before = ids();
    for (let i = 0; i < 150; i++) born(99_000 + i);
    shop.push([], true);
    await vi.advanceTimersByTimeAsync(500);
    expect(ids()).toEqual(before);
    monitor.rows.hold(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(ids()).toEqual(shop.rows.slice(0, 100).map((row) => row.id));
  });

  test("an answer older than a push does not undo it", async () => {
    const real = shop.documents.bind(shop);
    let release = () => {};
    vi.spyOn(shop, "documents").mockImplementationOnce(async (query) => {
      const page = await real(query);
      await new Promise<void>((done) => (release = done));
      return page;
    });
    const reading = monitor.rows.refresh();
    await vi.advanceTimersByTimeAsync(0);
    const id = ids()[0]!;
    shop.push([moved(id, { state: "RECHAZADO" })]);
    shop.push([born(99_001)]);
    release();
    await reading;
    expect(ids().slice(0, 2)).toEqual(["T39F99001", id]);
    expect(monitor.rows.all[1]?.state).toBe("RECHAZADO");
  });
});

describe("filters and search", () => {
  test("a counter shows its documents, and shows all when chosen again", async () => {
    monitor.choose("problem");
    await vi.advanceTimersByTimeAsync(0);
    expect(monitor.rows.all.map((row) => row.state)).toEqual(["RECHAZADO"]);
    monitor.choose("problem");
    await vi.advanceTimersByTimeAsync(0);
    expect(ids()).toHaveLength(100);
  });

  test("the last filter's answer wins over a slow earlier one", async () => {
    const real = shop.documents.bind(shop);
    let release = () => {};
    shop.documents = async (query) => {
      const page = await real(query);
      if (query.state === "accepted") await new Promise<void>((done) => (release = done));
      return page;
    };
    monitor.choose("accepted");
    monitor.choose("queued");
    await vi.advanceTimersByTimeAsync(0);
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(new Set(monitor.rows.all.map((row) => row.state))).toEqual(new Set(["GENERADO", "PENDIENTE"]));
  });

  test("a search is asked for when the fingers rest", async () => {
    const asked = vi.spyOn(shop, "documents");
    for (const text of ["l", "la", "los aromos"]) monitor.look(text);
    await vi.advanceTimersByTimeAsync(500);
    expect(asked).toHaveBeenCalledOnce();
    expect(new Set(monitor.rows.all.map((row) => row.receiver))).toEqual(new Set(["Panadería Los Aromos Ltda."]));
  });
});

test("what the agent found stays found, though this window would not have", async () => {
  const found = shop.rows[7] as RowView;
  shop.documents = async () => ({ rows: [found], next: null });
  monitor.look("marraqueta");
  await vi.advanceTimersByTimeAsync(500);
  shop.push([moved(found.id, { attempts: 2 }), born(99_001)]);
  expect(ids()).toEqual([found.id]);
});

test("a selected document that left the list stays selected, as it was last heard of", () => {
  const row = monitor.rows.all[5]!;
  monitor.toggleSelected(row);
  shop.push([moved(row.id, { state: "RECHAZADO" })]);
  expect(monitor.selected.get(row.id)?.state).toBe("RECHAZADO");
});

describe("when the push is lost", () => {
  test("without one the panel is asked every five seconds, not every ten", async () => {
    const asked = vi.spyOn(shop, "snapshot").mockImplementation(async () => {
      await new Promise((done) => setTimeout(done, 40));
      return monitor.snapshot!;
    });
    await vi.advanceTimersByTimeAsync(4 * REFRESH_MS + 100);
    expect(asked).toHaveBeenCalledTimes(4);
  });

  test("a question that is not answered is not asked twice at once", async () => {
    const asked = vi.spyOn(shop, "snapshot").mockImplementation(() => new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(4 * REFRESH_MS);
    expect(asked).toHaveBeenCalledOnce();
  });

  test("a list that can not be read is asked for again by the clock alone", async () => {
    monitor.rows.failed = true;
    const asked = vi.spyOn(shop, "documents");
    await vi.advanceTimersByTimeAsync(REFRESH_MS);
    expect(asked).toHaveBeenCalledOnce();
    expect(monitor.rows.failed).toBe(false);
  });

  test("it is asked for every five seconds, and the rows follow", async () => {
    shop.lose();
    await vi.advanceTimersByTimeAsync(0);
    const id = ids()[0] as string;
    monitor["unsubscribe"]?.();
    moved(id, { state: "RECHAZADO" });
    shop["version"]++;
    await vi.advanceTimersByTimeAsync(2 * REFRESH_MS);
    expect(monitor.rows.all[0]?.state).toBe("RECHAZADO");
  });

  test("a silent agent is noticed and its return too", async () => {
    shop.down = true;
    await vi.advanceTimersByTimeAsync(2 * REFRESH_MS);
    expect(monitor.lostSince).toBe(NOW);
    expect(monitor.problem?.unreachable).toBe(true);
    shop.down = false;
    await vi.advanceTimersByTimeAsync(REFRESH_MS);
    expect(monitor.lostSince).toBeNull();
  });
});

describe("a pause", () => {
  test("holds the rows and what is said of them; resumed, they are up to date", async () => {
    await monitor.togglePause();
    const [before, held] = [ids(), monitor.seen];
    shop.running = false;
    shop.push([born(99_001)]);
    await vi.advanceTimersByTimeAsync(3 * REFRESH_MS);
    expect(ids()).toEqual(before);
    expect(monitor.seen).toBe(held);
    expect(monitor.heldAt).toBe(NOW);
    // The other rooms go by what is true.
    expect(monitor.snapshot?.workers.running).toBe(false);
    expect(monitor.snapshot?.sentence.text).toContain("El envío está detenido");
    await monitor.togglePause();
    expect(ids()[0]).toBe("T39F99001");
    expect(monitor.seen).toBe(monitor.snapshot);
  });

  test("holds anew what a filter or an own act reads", async () => {
    await monitor.togglePause();
    await vi.advanceTimersByTimeAsync(2 * REFRESH_MS);
    shop.push([born(99_001)]);
    monitor.choose("queued");
    await vi.advanceTimersByTimeAsync(0);
    expect(monitor.heldAt).toBe(NOW + 2 * REFRESH_MS);
    await vi.advanceTimersByTimeAsync(2 * REFRESH_MS);
    await monitor.sending(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(monitor.seen?.workers.running).toBe(false);
    expect(monitor.heldAt).toBe(NOW + 4 * REFRESH_MS);
  });
});
