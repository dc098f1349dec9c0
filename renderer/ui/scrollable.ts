/** Lets the keyboard reach (and so scroll) a box, but only while its content does not fit: no needless stop for Tab otherwise. */
export function scrollable(box: HTMLElement): () => void {
  const update = (): void => {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute('tabindex');
  };
  const resized = new ResizeObserver(update);
  resized.observe(box);
  const changed = new MutationObserver(update);
  changed.observe(box, { childList: true, subtree: true, characterData: true });
  return () => {
    resized.disconnect();
    changed.disconnect();
  };
}
