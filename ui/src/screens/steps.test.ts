// Back and Forward of a browser: each room is a step of its history, and the panel's address is one.

import { screen } from "@testing-library/svelte";
import { expect, test, vi } from "vitest";

import { takeToken } from "../lib/http";
import { T } from "../lib/text";
import { click, enter, open, press, settle } from "./testing";

const at = () => screen.getByRole("heading", { level: 1 }).textContent;

async function to(room: number): Promise<void> {
  await press(String(room), { altKey: true, code: `Digit${room}` });
}

async function back(steps = -1): Promise<void> {
  history.go(steps);
  await settle();
}

test("Back and Forward go through the rooms as they were entered", async () => {
  await open("sale");
  await to(2);
  await click("button", new RegExp(T.rooms.folios));
  // Where one is already is no step.
  await to(4);
  await back();
  expect(at()).toBe(T.rooms.monitor);
  expect(screen.getAllByRole("button", { current: "page" })[0]).toHaveTextContent(T.rooms.monitor);
  await back();
  expect(at()).toBe(T.rooms.sale);
  await back(+2);
  expect(at()).toBe(T.rooms.folios);
});

test("a sale is as it was, with the room come back to", async () => {
  await open("sale");
  await enter("+990");
  await to(5);
  await back();
  expect(at()).toBe(T.rooms.sale);
  expect(screen.getByText("Varios")).toBeVisible();
});

test("under a question the room stays, and so does its place in the history", async () => {
  await open("sale");
  for (const room of [2, 4, 5]) await to(room);
  await back();
  await press("?");
  await back();
  expect(screen.getByRole("dialog")).toBeVisible();
  expect(at()).toBe(T.rooms.folios);
  await back(+1);
  expect(screen.getByRole("dialog")).toBeVisible();
  expect(at()).toBe(T.rooms.folios);
  await click("button", T.dialog.close);
  await back(+1);
  expect(at()).toBe(T.rooms.today);
  await back(-2);
  expect(at()).toBe(T.rooms.monitor);
});

test("a link's token is in no step", async () => {
  history.pushState(null, "", "#token=s3cret");
  takeToken();
  await open("sale");
  const addresses = [location.href];
  for (const room of [2, 3]) {
    await to(room);
    addresses.push(location.href);
  }
  for (let n = 0; n < 2; n++) {
    await back();
    addresses.push(location.href);
  }
  expect(at()).toBe(T.rooms.sale);
  expect(new Set(addresses)).toEqual(new Set(["http://localhost:3000/"]));
});

test("an address with a fragment is no other room, and a browser that takes no more steps keeps nobody from one", async () => {
  await open("sale");
  await to(2);
  history.pushState(null, "", "#main");
  window.dispatchEvent(new PopStateEvent("popstate", { state: null }));
  await settle();
  expect(at()).toBe(T.rooms.monitor);
  expect(history.state).toMatchObject({ room: "monitor" });
  vi.spyOn(history, "pushState").mockImplementation(() => {
    throw new DOMException("too many", "SecurityError");
  });
  await to(4);
  expect(at()).toBe(T.rooms.folios);
});
