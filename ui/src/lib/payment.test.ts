import { describe, expect, test } from "vitest";

import { paidIn, roundCash, settle, unpaid, type Settlement, type Typed } from "./payment";

const pay = (total: number, typed: Partial<Typed>) => settle(total, { ...unpaid(), ...typed });
const parts = (debito = "", credito = "", transferencia = "") => ({ debito, credito, transferencia });

describe("how a sale is paid", () => {
  test.each<[string, number, Partial<Typed>, object | string]>([
    ["cash, exactly", 700, {}, { cash: 700, rounding: 0, due: 700, change: 0 }],
    ["cash, rounded down", 1_995, { tendered: "2000" }, { cash: 1_990, rounding: -5, change: 10 }],
    ["cash, rounded up", 1_996, { tendered: "2.000" }, { cash: 2_000, rounding: 4, change: 0 }],
    ["too little cash", 700, { tendered: "500" }, { change: -200 }],
    ["no amount", 700, { tendered: "5,5" }, "tendered"],
    ["a card pays to the peso", 1_996, { way: "debito" }, { cash: null, rounding: 0, due: 1_996, change: null }],
    ["a tip in cash is rounded with it", 1_990, { tip: "203" }, { tip: 203, cash: 2_190, rounding: -3 }],
    ["a tip on the card", 1_996, { way: "credito", tip: "200" }, { due: 2_196, payments: [{ Medio: "credito", Monto: 2_196 }] }],
    ["a tip that is none", 700, { tip: "diez" }, "tip"],
    ["the rest in cash is rounded", 1_996, { way: "mixto", parts: parts("1000") }, { cash: 1_000, rounding: 4, due: 2_000 }],
    ["change of the cash part", 1_996, { way: "mixto", tendered: "2000", parts: parts("1000") }, { change: 1_000 }],
    ["two cards and no cash", 1_996, { way: "mixto", parts: parts("1000", "996") }, { cash: null, rounding: 0, due: 1_996, change: null }],
    ["more by card than there is", 700, { way: "mixto", parts: parts("701") }, "over"],
    ["a part that is none", 700, { way: "mixto", parts: parts("1,5") }, "parts"],
  ])("%s", (_, total, typed, expected) => {
    const settled = pay(total, typed);
    if (typeof expected === "string") expect(settled).toBe(expected);
    else expect(settled).toMatchObject(expected);
  });

  test("what is paid less the change is the total, the rounding and the tip", () => {
    for (let total = 1; total < 400; total += 7) {
      for (const typed of [{}, { tendered: "5000" }, { way: "credito" as const }, { tip: "133" }, { way: "mixto" as const, tip: "61", parts: parts("", "1"), tendered: "9000" }]) {
        const { payments, change, rounding, tip } = pay(total, typed) as Settlement;
        const paid = payments.reduce((sum, { Monto }) => sum + Monto, 0);
        expect(paid - (change ?? 0)).toBe(total + rounding + tip);
        expect(Math.abs(rounding)).toBeLessThanOrEqual(5);
      }
    }
  });

  test("1 to 5 go down, 6 to 9 up", () => {
    expect([10, 11, 15, 16, 19, 20].map(roundCash)).toEqual([10, 10, 10, 20, 20, 20]);
  });
});

test("what was paid is read from the sale as any till says it", () => {
  const paid = (Timbre?: object) => paidIn(JSON.stringify({ Encabezado: {}, Timbre }));
  expect(paid({ Pagos: [{ Medio: "efectivo", Monto: 10_000 }, { Medio: "debito", Monto: 500 }], Vuelto: 550, Redondeo: -4, Propina: 500 })).toEqual({
    cash: 9_450,
    rounding: -4,
    tip: 500,
    others: [{ Medio: "debito", Monto: 500 }],
  });
  expect(paid()).toBeNull();
  expect(paid({ Caja: "1" })).toBeNull();
});
