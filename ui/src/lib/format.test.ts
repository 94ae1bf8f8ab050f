import { bytes } from "./format";
import { expect, test } from "vitest";

import { at, date, dated, day, money, number, since, span, time, took, when } from "./format";

test("pesos are written as in Chile", () => {
  expect([money(1990), money(0), money(-4), money(12_345_678)]).toEqual(["$\u00a01.990", "$\u00a00", "−$\u00a04", "$\u00a012.345.678"]);
  expect(number(1234)).toBe("1.234");
});

test("times are Santiago's, wherever the computer thinks it is", () => {
  const now = Date.parse("2026-11-22T15:00:00Z");
  expect(time("2026-11-22T13:42:05Z")).toBe("10:42");
  expect(when("2026-11-22T13:42:05Z", now)).toBe("10:42");
  expect(when("2026-11-22T02:59:00Z", now)).toBe("21 nov 23:59");
  expect(when("2025-07-01T16:00:00Z", now)).toBe("1 jul 2025 12:00");
  expect(date("2026-11-22")).toBe("22-11-2026");
});

test("a sentence of the journal has its dates as people write them, and nothing else of it changes", () => {
  const now = Date.parse("2026-11-22T15:00:00Z");
  expect(dated("Desde el 2026-11-22 el voucher reemplaza al documento", now)).toBe("Desde el 22-11-2026 el voucher reemplaza al documento");
  expect(dated("aunque el último documento se selló a las 2026-11-23T13:42:05Z", now)).toBe("aunque el último documento se selló el 23 nov 10:42");
  expect(dated("se selló a las 2026-11-22T13:42:05.123Z: sigue", now)).toBe("se selló a las 10:42: sigue");
  for (const same of ["Avisar a «a» (https://a.cl/2026-11-22/x)", "caja-2026-11-22", "folios 2026-11-2 a 9", "12026-11-22", "2026-99-99T99:99:99Z"]) expect(dated(same, now)).toBe(same);
});

test("an hour of another day names the day", () => {
  const now = Date.parse("2026-11-22T15:00:00Z");
  expect([at("2026-11-22T13:42:05Z", now), at("2026-11-22T02:59:00Z", now)]).toEqual(["a las 10:42", "el 21 nov 23:59"]);
  expect([since("2026-11-22T13:42:05Z", now), since("2026-11-22T02:59:00Z", now)]).toEqual(["desde las 10:42", "desde el 21 nov 23:59"]);
  expect(day("2026-11-22T02:59:00Z")).toBe("2026-11-21");
});

test.each([
  [-5, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [7_200_000, "2 h"],
  [172_800_000, "2 días"],
])("%i ms are %s", (ms, text) => expect(span(ms)).toBe(text));

test("a slow answer is told in seconds", () => {
  expect([took(320), took(2449)]).toEqual(["320 ms", "2,4 s"]);
});

test("how much there is on a disk", () => {
  expect([0, 900, 12_345, 3_400_000, 52_000_000_000, 2_000_000_000_000].map(bytes)).toEqual(["0 KB", "0,9 KB", "12 KB", "3,4 MB", "52 GB", "2,0 TB"]);
});
