// The rooms that exist, the one this window was left in, and those that it went through: steps of the browser's history.

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

/** What a step of the history says of itself. Its address is that of the panel, whichever room it is. */
interface Step {
  room: Room;
  /** How many steps of the panel's lie before it. */
  at: number;
}

/** The room that a step was made in; none where it is not the panel's. */
export function roomOf(state: unknown): Room | undefined {
  return ROOMS.find((room) => room === (state as Partial<Step> | null)?.room);
}

export class Steps {
  private at = (history.state as Partial<Step> | null)?.at ?? 0;

  /** Here is where the window is now, however it came: by itself, or to an address with a fragment. */
  stand(room: Room): void {
    if (roomOf(history.state) !== room) this.noted(() => history.replaceState({ room, at: this.at } satisfies Step, ""));
  }

  /** From here somebody goes to another room. */
  go(room: Room): void {
    this.noted(() => {
      history.pushState({ room, at: this.at + 1 } satisfies Step, "");
      this.at++;
    });
  }

  /** Back or forward, to a step of this state. */
  went(state: unknown): void {
    this.at = (state as Partial<Step> | null)?.at ?? this.at + 1;
  }

  /** Back to where the window still is. */
  undo(state: unknown): void {
    const there = (state as Partial<Step> | null)?.at ?? this.at;
    if (there !== this.at) history.go(this.at - there);
  }

  /** A browser takes so many steps in a while and no more: one that is not noted is only not gone back to. */
  private noted(note: () => void): void {
    try {
      note();
    } catch {
      // The room is entered all the same.
    }
  }
}
