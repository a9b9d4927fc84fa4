/** Follow the size of an element, and how many device pixels make a pixel of it. */

/** Call back whenever either changes, until told to stop. */
export function followSize(host: HTMLElement, changed: () => void): () => void {
  const observer = new ResizeObserver(changed);
  observer.observe(host);
  const stop = new AbortController();
  // A query holds for one ratio: after every change the next one is asked.
  const follow = () =>
    matchMedia(`(resolution: ${devicePixelRatio}dppx)`).addEventListener(
      "change",
      () => {
        changed();
        follow();
      },
      { once: true, signal: stop.signal },
    );
  follow();
  return () => {
    observer.disconnect();
    stop.abort();
  };
}
