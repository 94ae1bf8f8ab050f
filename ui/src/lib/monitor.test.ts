import { beforeEach, describe, expect, test, vi } from "vitest";

import { DemoShop } from "./demo";
import { Monitor, REFRESH_MS } from "./monitor.svelte";
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
    monitor.take({ snapshot: { ...older, issued_today: 999 }, rows: [] });
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

  test("a pushed row changes in place", () => {
    const before = ids();
    const id = before[3] as string;
    shop.push([moved(id, { state: "ACEPTADO" })]);
    expect(ids()).toEqual(before);
    expect(monitor.rows.all[3]?.state).toBe("ACEPTADO");
  });

  test("a row that was overtaken does not go back", () => {
    const id = ids()[0] as string;
    shop.push([moved(id, { state: "ENVIADO", since: new Date(NOW + 9000).toISOString() })]);
    shop.push([moved(id, { state: "ENVIANDO", since: new Date(NOW + 4000).toISOString() })]);
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
    shop.push([]);
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

describe("when the push is lost", () => {
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

test("paused, nothing changes; resumed, it is up to date", async () => {
  await monitor.togglePause();
  const [before, version] = [ids(), monitor.snapshot?.version];
  shop.push([born(99_001)]);
  await vi.advanceTimersByTimeAsync(3 * REFRESH_MS);
  expect(ids()).toEqual(before);
  expect(monitor.snapshot?.version).toBe(version);
  await monitor.togglePause();
  expect(ids()[0]).toBe("T39F99001");
});
