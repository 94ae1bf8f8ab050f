// The rooms that exist, and the one this window was left in.

import { recall, remember } from "./memory";

export type Room = "sale" | "monitor";

export function lastRoom(): Room {
  return recall<Room>("room") === "sale" ? "sale" : "monitor";
}

export function keepRoom(room: Room): void {
  remember("room", room);
}
