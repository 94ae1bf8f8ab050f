// One second hand for every age on the screen.

class Clock {
  now = $state(Date.now());
  private timer: ReturnType<typeof setInterval> | undefined;

  start(): () => void {
    this.now = Date.now();
    this.timer = setInterval(() => (this.now = Date.now()), 1000);
    return () => clearInterval(this.timer);
  }
}

export const clock = new Clock();
