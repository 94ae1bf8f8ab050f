import { asProblem } from "./port";

/** What a person asked for of a part of a room: is it under way, and what was wrong with the last. */
export class Acting {
  busy = $state(false);
  problem = $state<string | null>(null);

  /** Answers whether it was done. */
  async act(what: () => Promise<unknown>): Promise<boolean> {
    this.problem = null;
    this.busy = true;
    try {
      await what();
      return true;
    } catch (thrown) {
      this.problem = asProblem(thrown).message;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
