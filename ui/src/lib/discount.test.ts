import { expect, test } from "vitest";

import { parseDiscount, showDiscount, taken } from "./discount";

test.each([
  ["10%", { unit: "%", value: "10" }, "10 %"],
  ["12,5 %", { unit: "%", value: "12.5" }, "12,5 %"],
  ["500", { unit: "$", value: "500" }, "$\u00a0500"],
  ["$ 1.500", { unit: "$", value: "1500" }, "$\u00a01.500"],
] as const)("%s is a discount", (typed, discount, shown) => {
  expect(parseDiscount(typed)).toEqual(discount);
  expect(showDiscount(discount)).toBe(shown);
});

test.each(["", "0", "0%", "101%", "1,125%", "diez", "-5"])("«%s» is none", (typed) => expect(parseDiscount(typed)).toBeNull());

test("a part is taken in whole pesos, halves up", () => {
  expect(taken({ unit: "%", value: "12.5" }, 1_000)).toBe(125);
  expect(taken({ unit: "%", value: "33.33" }, 350)).toBe(117);
  expect(taken({ unit: "%", value: "50" }, 1)).toBe(1);
  expect(taken({ unit: "$", value: "500" }, 1_000)).toBe(500);
  expect(taken(null, 1_000)).toBe(0);
});
