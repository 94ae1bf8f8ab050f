import { describe, expect, test } from "vitest";

import { amount, faultIn, looksScanned, parseEntry, parsePesos, parseQuantity, parseVarious } from "./entry";

describe("the code field", () => {
  test.each([
    ["7801234567890", { quantity: "1", text: "7801234567890" }],
    ["3*7801234567890", { quantity: "3", text: "7801234567890" }],
    ["3 * Pan amasado ", { quantity: "3", text: "Pan amasado" }],
    ["0,5*Palta", { quantity: "0.5", text: "Palta" }],
    ["1,250*Queso", { quantity: "1.25", text: "Queso" }],
    ["Madera 2x4", { quantity: "1", text: "Madera 2x4" }],
    ["2x4 pino", { quantity: "1", text: "2x4 pino" }],
  ])("reads «%s»", (typed, entry) => expect(parseEntry(typed)).toEqual(entry));

  test.each(["", "  ", "3*", "0*Pan", "*Pan", "1.2.3*Pan", "1.000*Clavo"])("adds nothing for «%s»", (typed) =>
    expect(parseEntry(typed)).toBeNull(),
  );

  test.each([
    ["+0", "open"],
    ["+1,5", "open"],
    ["3*+abc", "open"],
    ["-5", "minus"],
    ["3*-$ 500", "minus"],
    ["Coca-Cola", null],
    ["3*Pan", null],
  ])("takes «%s» for no name: %s", (typed, fault) => expect(faultIn(typed)).toBe(fault));

  test("knows a bar code from a name", () => {
    expect(looksScanned("7801234567890")).toBe(true);
    expect(looksScanned("Pan 7801234")).toBe(false);
    expect(looksScanned("350")).toBe(false);
  });
});

test.each([
  ["1", "1"],
  ["007", "7"],
  ["1,50", "1.5"],
  ["2,000", "2"],
  ["2.5", "2.5"],
  ["0.250", "0.25"],
  ["1.250", null],
  ["0", null],
  ["-1", null],
  ["1e3", null],
  ["abc", null],
])("the quantity «%s» is %s", (typed, quantity) => expect(parseQuantity(typed)).toBe(quantity));

test.each([
  ["1990", 1990],
  ["1.990", 1990],
  ["$ 12.345.678", 12_345_678],
  ["0", 0],
  ["19,90", null],
  ["1.99", null],
  ["", null],
])("«%s» is %s pesos", (typed, pesos) => expect(parsePesos(typed)).toBe(pesos));

test.each([
  ["2", 350, 700],
  ["0.75", 4990, 3743],
  ["0.5", 1, 1],
  ["0.333", 1000, 333],
  ["999999", 999_999_999, 999_998_999_000_001],
])("%s of $ %s is $ %s, halves up", (quantity, price, total) => expect(amount(quantity, price)).toBe(total));

test.each([
  ["+1990", "", { quantity: "1", price: 1990 }],
  ["3*+500", "", { quantity: "3", price: 500 }],
  ["", "1.990", { quantity: "1", price: 1990 }],
  ["2*", "350", { quantity: "2", price: 350 }],
  ["", "", null],
  ["Pan", "350", null],
  ["0*", "350", null],
  ["+x", "", null],
])("«%s» at «%s» is an open price, or none", (typed, price, various) => expect(parseVarious(typed, price)).toEqual(various));
