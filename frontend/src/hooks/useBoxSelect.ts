import { useEffect, useRef, useState, type PointerEvent, type RefObject } from "react";

import { boxBetween, type Box } from "../state/geometry";

interface Options {
  scroller: RefObject<HTMLDivElement | null>;
  onStart: () => void;
  onBox: (box: Box, additive: boolean) => void;
}

interface Drag {
  readonly from: { x: number; y: number };
  at: { clientX: number; clientY: number };
  additive: boolean;
  moved: boolean;
}

const startAfterPixels = 6;
const edgePixels = 48;

/** How fast to scroll with the pointer at `y` of a view `height` tall: faster the nearer to, or past, its edge. */
function scrollStep(y: number, height: number): number {
  if (y < edgePixels) return (y - edgePixels) / 4;
  return y > height - edgePixels ? (y - height + edgePixels) / 4 : 0;
}

/** Dragging with the mouse draws a box, in the coordinates of the scrolled content; near an edge the view scrolls. */
export function useBoxSelect({ scroller, onStart, onBox }: Options) {
  const drag = useRef<Drag | null>(null);
  const ended = useRef(false);
  const [box, setBox] = useState<Box | null>(null);

  const inContent = (client: Drag["at"]) => {
    const element = scroller.current;
    if (!element) return { x: 0, y: 0 };
    const { left, top } = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    return {
      x: client.clientX - left - parseFloat(style.paddingLeft),
      y: client.clientY - top + element.scrollTop - parseFloat(style.paddingTop),
    };
  };

  const draw = () => {
    const current = drag.current;
    if (!current?.moved) return;
    const next = boxBetween(current.from, inContent(current.at));
    setBox(next);
    onBox(next, current.additive);
  };

  const dragging = box !== null;
  useEffect(() => {
    if (!dragging) return;
    const timer = setInterval(() => {
      const element = scroller.current;
      const current = drag.current;
      if (!element || !current) return;
      const step = scrollStep(current.at.clientY - element.getBoundingClientRect().top, element.clientHeight);
      if (step !== 0) element.scrollBy({ top: step });
    }, 16);
    return () => clearInterval(timer);
  }, [dragging, scroller]);

  const handlers = {
    onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
      ended.current = false;
      const onScrollbar = event.nativeEvent.offsetX > event.currentTarget.clientWidth && event.target === event.currentTarget;
      if (event.button !== 0 || event.pointerType === "touch" || event.shiftKey || onScrollbar) return;
      const additive = event.ctrlKey || event.metaKey;
      drag.current = { from: inContent(event), at: event, additive, moved: false };
    },
    onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
      const current = drag.current;
      if (!current) return;
      const to = inContent(event);
      if (!current.moved && Math.hypot(to.x - current.from.x, to.y - current.from.y) < startAfterPixels) return;
      if (!current.moved) {
        event.currentTarget.setPointerCapture(event.pointerId);
        current.moved = true;
        onStart();
      }
      current.at = { clientX: event.clientX, clientY: event.clientY };
      draw();
    },
    onPointerUp: () => {
      ended.current = drag.current?.moved ?? false;
      drag.current = null;
      setBox(null);
    },
    onScroll: draw,
  };
  /** A drag ends in a click on whatever lies below; that click is not meant. */
  const endedDrag = () => ended.current;
  return { box, handlers, endedDrag };
}
