import { asProblem } from "./port";

/** What a person asked for of a part of a room: is it under way, and what was wrong with the last. */
export class Acting {
  busy = $state(false);
  problem = $state<string | null>(null);

  async act(what: () => Promise<void>): Promise<void> {
    this.problem = null;
    this.busy = true;
    try {
      await what();
    } catch (thrown) {
      this.problem = asProblem(thrown).message;
    } finally {
      this.busy = false;
    }
  }
}
