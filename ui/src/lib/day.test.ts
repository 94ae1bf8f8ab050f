import { expect, test } from "vitest";

import { barsOf, kindsOf, medianOf } from "./day";

const of = (series: string, hour: number, documents: number, total: number, weight = 1, sales = documents) => ({ series, hour, documents, sales, total, weight });
const HOURS = [
  of("39", 10, 3, 9_000),
  of("39", 12, 1, 1_000),
  of("33", 12, 1, 5_000),
  of("52", 12, 2, 80_000, 0, 0),
  of("56", 12, 1, 300, 1, 0),
  of("61", 13, 1, 1_500, -1, 0),
];

test("each type has its line", () => {
  expect(kindsOf(HOURS).map(({ series, documents, total, weight }) => [series, documents, total, weight])).toEqual([
    ["33", 1, 5_000, 1],
    ["39", 4, 10_000, 1],
    ["52", 2, 80_000, 0],
    ["56", 1, 300, 1],
    ["61", 1, 1_500, -1],
  ]);
});

test("hours without a sale have a place, up to now", () => {
  const bars = barsOf(HOURS, 14);
  expect(bars.map(({ hour }) => hour)).toEqual([7, 8, 9, 10, 11, 12, 13, 14]);
  expect(bars.map(({ total }) => total)).toEqual([0, 0, 0, 9_000, 0, 6_300, -1_500, 0]);
  expect(bars.map(({ sales }) => sales)).toEqual([0, 0, 0, 3, 0, 2, 0, 0]);
  expect(bars[6]).toMatchObject({ sold: 0, taken: 1_500 });
  expect(barsOf([], 3).map(({ hour }) => hour)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("the middle answer is of the good ones", () => {
  const at = "2026-11-22T15:00:00Z";
  expect(medianOf([300, 100, 900].map((took_ms) => ({ at, ok: true, took_ms })))).toBe(300);
  expect(medianOf([{ at, ok: false, took_ms: 20_000 }])).toBeNull();
});
