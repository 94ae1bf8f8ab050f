// Who stands at this window's till. A PIN chooses them, and each sale shows the permit that it bought: whose it is the
// agent knows, and a page's word for a name counts nothing.

import { recallHere, rememberHere } from "./memory";
import { asProblem, askFor, permitted } from "./port";

/** The act that such a permit is for. */
export const SELL = "sell";

/** Where it goes with a sale. */
export const CASHIER = "timbre-cashier";

/** A sale without anybody's is refused here; one whose turn is over. */
const NEEDED = "cashier-needed";
const OVER = "cashier-over";

export interface Stands {
  name: string;
  permit: string;
}

class Till {
  stands = $state.raw<Stands | null>(null);
  /** The agent sells under nobody's name no more. */
  must = $state(false);

  constructor() {
    // As long as its tab: no other window sells under that name.
    this.stands = recallHere<Stands>("cashier");
    // A tab that is duplicated takes along what it remembers: whose the permit was says so, and the copy asks anew.
    const tabs = new BroadcastChannel("timbre.cashier");
    tabs.onmessage = ({ data: { permit, mine } }: MessageEvent<{ permit: string; mine: boolean }>) => {
      if (permit !== this.stands?.permit) return;
      if (mine) this.take(null);
      else tabs.postMessage({ permit, mine: true });
    };
    if (this.stands) tabs.postMessage({ permit: this.stands.permit, mine: false });
  }

  take(stands: Stands | null): void {
    this.stands = stands;
    rememberHere("cashier", stands);
  }
}

export const till = new Till();

/** Whether a sale was refused for who sells it, and not for what it is. */
export const isOfSeller = (code: string): boolean => code === NEEDED || code === OVER;

/** Asks as `permitted` does, for a sale: under the name of who stands here. Where the agent wants another, asks people once. */
export async function sold<A>(ask: (headers: Record<string, string>) => Promise<A>): Promise<A> {
  const asked = () => permitted((headers) => ask(till.stands ? { ...headers, [CASHIER]: till.stands.permit } : headers));
  try {
    return await asked();
  } catch (thrown) {
    const problem = asProblem(thrown);
    const { code } = problem.view;
    if (!isOfSeller(code)) throw problem;
    till.must = code === NEEDED;
    if ((await askFor(SELL, problem.message)) === null) throw problem;
    return asked();
  }
}
