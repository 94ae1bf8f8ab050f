// The rooms that exist, and the one this window was left in.

import { recall, remember } from "./memory";

const ROOMS = ["sale", "monitor", "documents", "folios", "today", "settings"] as const;
export type Room = (typeof ROOMS)[number];

/** The room of `Alt` and a number, from 1. */
export function roomAt(number: number): Room | undefined {
  return ROOMS[number - 1];
}

export function lastRoom(): Room {
  const kept = recall<Room>("room");
  return ROOMS.find((room) => room === kept) ?? "monitor";
}

export function keepRoom(room: Room): void {
  remember("room", room);
}
