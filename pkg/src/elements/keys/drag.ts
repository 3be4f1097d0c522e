/** Follows a pointer from its press to its release, and tells its height in the window. */
export function dragged(start: PointerEvent, moved: (y: number) => void): Promise<void> {
  start.preventDefault();
  return new Promise((resolve) => {
    const move = (event: PointerEvent) => {
      if (event.pointerId === start.pointerId) moved(event.clientY);
    };
    const end = (event: PointerEvent) => {
      if (event.pointerId !== start.pointerId) return;
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
      window.removeEventListener("pointercancel", end);
      resolve();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
    window.addEventListener("pointercancel", end);
  });
}

/** The list with one id at another place. */
export function movedTo(ids: readonly string[], id: string, place: number): string[] {
  const others = ids.filter((other) => other !== id);
  return [...others.slice(0, place), id, ...others.slice(place)];
}
