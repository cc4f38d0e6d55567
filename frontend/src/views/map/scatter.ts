/** Points on a canvas, drawn by the graphics card: what the map needs of it, apart from React. */
import createScatterplot from "regl-scatterplot";

export interface Drawn {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly shade: Uint16Array;
  readonly colours: readonly string[];
  readonly sizes: readonly number[];
  readonly opacities: readonly number[];
}

export interface Handlers {
  readonly onHover: (point: number | null) => void;
  /** By a click or a lasso. */
  readonly onChoose: (points: number[]) => void;
  /** Points are elsewhere on the screen. */
  readonly onMove: () => void;
}

export interface Ground {
  readonly background: string;
  readonly accent: string;
}

export type Gesture = "panZoom" | "lasso";

export interface Scatter {
  readonly draw: (points: Drawn) => void;
  readonly choose: (points: readonly number[]) => void;
  readonly gesture: (gesture: Gesture) => void;
  readonly ground: (ground: Ground) => void;
  /** Where a point is on the canvas, in pixels. */
  readonly place: (point: number) => readonly [number, number] | undefined;
  readonly fit: () => void;
  readonly close: () => void;
}

function canDraw(): boolean {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return context !== null;
}

/** Null where the browser has no WebGL. */
export function openScatter(frame: HTMLElement, { onHover, onChoose, onMove }: Handlers): Scatter | null {
  if (!canDraw()) return null;
  frame.ariaBusy = "true"; // until the first drawing
  const canvas = document.createElement("canvas");
  canvas.style.cssText = "display: block; width: 100%; height: 100%";
  frame.append(canvas);
  const { width, height } = frame.getBoundingClientRect();
  const plot = createScatterplot({
    canvas,
    width,
    height,
    aspectRatio: width / Math.max(1, height),
    deselectOnEscape: false,
    deselectOnDblClick: false,
    lassoOnLongPress: true,
    // Each move counts: where the browser is busy, those left out are the corners.
    lassoMinDelay: 0,
    pointScaleMode: "asinh",
    pointSizeSelected: 2,
    pointOutlineWidth: 2,
  });
  plot.subscribe("pointOver", (point) => onHover(point));
  plot.subscribe("pointOut", () => onHover(null));
  plot.subscribe("select", ({ points }) => onChoose(points));
  plot.subscribe("deselect", () => onChoose([]));
  plot.subscribe("view", onMove);

  const resize = new ResizeObserver(([entry]) => {
    const box = entry?.contentRect;
    if (box && box.width > 0 && box.height > 0) void plot.set({ width: box.width, height: box.height, aspectRatio: box.width / box.height }).then(onMove);
  });
  resize.observe(frame);

  // One drawing at a time: a later one waits for the one before.
  let queue: Promise<unknown> = Promise.resolve();
  let chosen: readonly number[] = [];
  const inTurn = (work: () => unknown) => {
    queue = queue.then(() => (plot.get("isDestroyed") ? undefined : work())).catch(console.error);
  };
  const showChosen = () => {
    if (chosen.length > 0) plot.select([...chosen], { preventEvent: true });
    else plot.deselect({ preventEvent: true });
  };

  return {
    draw: ({ x, y, shade, colours, sizes, opacities }) =>
      inTurn(async () => {
        await plot.set({
          colorBy: "valueA",
          sizeBy: "valueA",
          opacityBy: "valueA",
          pointColor: [...colours],
          pointSize: [...sizes],
          opacity: [...opacities],
        });
        await plot.draw({ x, y, valueA: shade }, { zDataType: "categorical" });
        showChosen();
        onMove();
        frame.ariaBusy = "false";
      }),
    choose: (points) => {
      chosen = points;
      inTurn(() => plot.get("isPointsDrawn") && showChosen());
    },
    gesture: (gesture) => inTurn(() => plot.set({ mouseMode: gesture })),
    ground: ({ background, accent }) =>
      inTurn(() => plot.set({ backgroundColor: background, pointColorActive: accent, pointColorHover: accent, lassoColor: accent })),
    place: (point) => (plot.get("isPointsDrawn") ? plot.getScreenPosition(point) : undefined),
    fit: () => inTurn(() => plot.zoomToOrigin({ transition: true, transitionDuration: 300 })),
    close: () => {
      resize.disconnect();
      plot.destroy();
      canvas.remove();
    },
  };
}
