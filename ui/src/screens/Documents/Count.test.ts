// How many are found and what they come to, as sales go on.

import { screen } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { newRow } from "../../lib/demo-shop";
import { click, NOW, open, press, settle } from "../testing";

const found = () => screen.getByTestId("found");

async function room() {
  const shop = await open("documents", { scenario: "calm" });
  await settle(500);
  const whole = shop.count.bind(shop);
  const count = vi.spyOn(shop, "count");
  let folio = 60_000;
  const sell = (total: number) => {
    const row = newRow(39, ++folio, total, NOW);
    shop.rows = [row, ...shop.rows];
    shop.push([row]);
  };
  /** Answered when the test says so. */
  const byHand = () => {
    const answers: (() => void)[] = [];
    count.mockImplementation((query) => new Promise((answer) => answers.push(() => void whole(query).then(answer))));
    return answers;
  };
  return { shop, count, sell, byHand };
}

test("a sale that comes to the list is counted and summed", async () => {
  const { shop, sell } = await room();
  expect(found()).toHaveTextContent("60 documentos");
  sell(100_000);
  await settle(1_500);
  const sum = shop.rows.filter(({ state }) => state !== "RECHAZADO").reduce((all, row) => all + row.total, 0);
  expect(found()).toHaveTextContent(`61 documentos · $ ${sum.toLocaleString("es-CL")}`);
});

test("many sales are counted together, one question at a time, and the last one is in it", async () => {
  const { sell, byHand } = await room();
  const answers = byHand();
  for (let i = 0; i < 20; i++) {
    sell(990);
    await settle(200);
  }
  // The first has no answer yet: the sales went on for four seconds, and what was shown stands.
  expect(answers).toHaveLength(1);
  expect(found()).toHaveTextContent("60 documentos");
  answers[0]!();
  await settle(1_100);
  expect(answers).toHaveLength(2);
  answers[1]!();
  await settle(3_000);
  expect(answers).toHaveLength(2);
  expect(found()).toHaveTextContent("80 documentos");
});

test("another question does not wait for the pace of the sales, nor is it given the answer to the one before", async () => {
  const { shop, sell, byHand } = await room();
  const answers = byHand();
  sell(990);
  await settle(1_100);
  await click("button", "Factura");
  await settle(400);
  expect(answers).toHaveLength(1);
  answers[0]!();
  await settle(0);
  expect(found()).toHaveTextContent("");
  expect(answers).toHaveLength(2);
  answers[1]!();
  await settle();
  expect(found()).toHaveTextContent(`${shop.rows.filter(({ series }) => series === "33").length} documentos`);
});

test("what is of another type, and what comes when nobody is in the room, asks nothing", async () => {
  const { count, sell } = await room();
  await click("button", "Factura");
  await settle(1_000);
  count.mockClear();
  sell(990);
  await settle(3_000);
  expect(count).not.toHaveBeenCalled();
  await click("button", "Factura");
  await press("1", { altKey: true, code: "Digit1" });
  await settle(1_000);
  count.mockClear();
  sell(990);
  await settle(3_000);
  expect(count).not.toHaveBeenCalled();
});
