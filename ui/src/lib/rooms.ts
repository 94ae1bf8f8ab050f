// The rooms that exist, and the one this window was left in.

import { recall, remember } from "./memory";

/** In the order of the rail and of their keys. */
export const ROOMS = ["sale", "monitor", "settings"] as const;
export type Room = (typeof ROOMS)[number];

export function lastRoom(): Room {
  const left = recall<Room>("room");
  return left && ROOMS.includes(left) ? left : "monitor";
}

export function keepRoom(room: Room): void {
  remember("room", room);
}
