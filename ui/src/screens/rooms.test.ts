// Every room, in the states that change what it shows, as those who can't see it or have no mouse meet it.

import { screen } from "@testing-library/svelte";
import { expect, test } from "vitest";

import config from "../../../tauri.conf.json";
import type { Scenario } from "../lib/demo-shop";
import { roomAt, type Room } from "../lib/rooms";
import { T } from "../lib/text";
import { expectAccessible, open, press, settle } from "./testing";

const ROOMS = [1, 2, 3, 4, 5, 6].map((number) => roomAt(number) as Room);

test.each<[Room, Scenario]>([...ROOMS.map((room): [Room, Scenario] => [room, "problem"]), ["monitor", "offline"], ["monitor", "stopped"], ["documents", "empty"], ["folios", "empty"], ["sale", "offline"]])(
  "%s has no barrier when the shop is «%s»",
  async (room, scenario) => {
    await open(room, { scenario });
    await settle(3_000);
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent(T.rooms[room]);
    await expectAccessible();
  },
);

test("a file that is let go beside its place does not take the page's", async () => {
  await open("folios");
  for (const kind of ["dragover", "drop"]) {
    const over = (types: string[]) => {
      const event = new Event(kind, { bubbles: true, cancelable: true });
      Object.defineProperty(event, "dataTransfer", { value: { types, files: [] } });
      return document.body.dispatchEvent(event);
    };
    expect(over(["Files"])).toBe(false);
    // Text goes into a field as ever.
    expect(over(["text/plain"])).toBe(true);
  }
  // Else the shell takes the file itself, and on Windows the page never hears of it.
  expect(config.app.windows.map(({ dragDropEnabled }) => dragDropEnabled)).toEqual([false]);
});

test("nothing that a page could be made to say runs in the window: its policy allows nothing unsafe", () => {
  const { csp } = config.app.security;
  expect(csp).toMatch(/^default-src 'self'; script-src 'self'; style-src 'self';/);
  expect(csp).not.toContain("unsafe");
});

test("F1 shows the keys, also while the code is written", async () => {
  await open("sale");
  await press("F1");
  expect(screen.getByRole("dialog", { name: "Atajos de teclado" })).toBeVisible();
});

test("each room is reached by its key, in the order of the rail", async () => {
  await open("sale");
  for (const [i, room] of ROOMS.entries()) {
    await press(String(i + 1), { altKey: true, code: `Digit${i + 1}` });
    expect(screen.getByRole("heading", { level: 1 })).toHaveTextContent(T.rooms[room]);
    expect(screen.getAllByRole("button", { current: "page" })[0]).toHaveTextContent(T.rooms[room]);
  }
});
