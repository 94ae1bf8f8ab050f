import { expect, test } from "vitest";

import { barsOf, kindsOf, medianOf, salesOf } from "./day";

const of = (series: string, hour: number, documents: number, total: number) => ({ series, hour, documents, total });
const HOURS = [of("39", 10, 3, 9_000), of("39", 12, 1, 1_000), of("33", 12, 1, 5_000), of("52", 12, 2, 80_000), of("61", 13, 1, 1_500)];

test("notes take from the sales, and a guía is none", () => {
  expect(salesOf(HOURS)).toEqual({ documents: 5, total: 13_500 });
  expect(salesOf([])).toEqual({ documents: 0, total: 0 });
});

test("each type has its line", () => {
  expect(kindsOf(HOURS).map(({ series, documents, total }) => [series, documents, total])).toEqual([
    ["33", 1, 5_000],
    ["39", 4, 10_000],
    ["52", 2, 80_000],
    ["61", 1, 1_500],
  ]);
});

test("hours without a sale have a place, up to now", () => {
  const bars = barsOf(HOURS, 14);
  expect(bars.map(({ hour }) => hour)).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
  expect(bars.map(({ total }) => total)).toEqual([0, 0, 0, 9_000, 0, 6_000, -1_500, 0]);
  expect(bars[6]).toMatchObject({ sold: 0, taken: 1_500 });
  expect(barsOf([], 3).map(({ hour }) => hour)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("the middle answer is of the good ones", () => {
  const at = "2026-11-22T15:00:00Z";
  expect(medianOf([300, 100, 900].map((took_ms) => ({ at, ok: true, took_ms })))).toBe(300);
  expect(medianOf([{ at, ok: false, took_ms: 20_000 }])).toBeNull();
});
