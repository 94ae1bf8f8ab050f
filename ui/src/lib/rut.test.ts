import { expect, test } from "vitest";

import { checkDigit, checkRut, dotted, isAnyone } from "./rut";

test.each([
  [76_192_083, "9"],
  [66_666_666, "6"],
  [60_803_000, "K"],
  [12_345_678, "5"],
  [55_555_555, "5"],
  [76_192_003, "0"],
])("the digit of %i is %s (modulo 11)", (body, digit) => expect(checkDigit(body)).toBe(digit));

test.each([
  ["", "empty"],
  ["7", "incomplete"],
  ["76.192.083", "wrong"],
  ["76192083-9", "right"],
  ["76.192.083-9", "right"],
  ["60803000k", "right"],
  ["76192083-1", "wrong"],
  ["99.999-9", "incomplete"],
  ["123456789012", "incomplete"],
  ["76a92083-9", "incomplete"],
])("«%s» as it is typed is %s", (typed, state) => expect(checkRut(typed).state).toBe(state));

test("a wrong digit names the one that belongs", () => {
  expect(checkRut("60803000-1")).toEqual({ state: "wrong", expected: "K" });
});

test("it is written one way for the document and one for the reader", () => {
  expect(checkRut(" 76.192.083 - 9")).toEqual({ state: "right", rut: "76192083-9" });
  expect(dotted("761920839")).toBe("76.192.083-9");
  expect(dotted("60803000k")).toBe("60.803.000-K");
  expect(dotted("7619")).toBe("7619");
});

test("a consumer without a name is told from one with", () => {
  expect(isAnyone("66666666-6", "CONSUMIDOR FINAL")).toBe(true);
  expect(isAnyone("66.666.666-6", "")).toBe(true);
  expect(isAnyone("66666666-6", "Señora Muñoz")).toBe(false);
  expect(isAnyone("76192083-9", "Consumidor Final SpA")).toBe(false);
});
