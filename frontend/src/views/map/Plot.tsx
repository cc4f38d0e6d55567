import { ActionIcon, Tooltip, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconArrowsMaximize, IconMap2 } from "@tabler/icons-react";
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";

import { Empty } from "../../components/Empty";
import type { ClassBook } from "../../hooks/useClasses";
import { itemAt, type EmbeddingMap } from "../../state/embeddingMap";
import { lifted } from "../../state/colours";
import { shade, type Colouring, type Palette } from "../../state/mapColours";
import { drawnFrom, inDrawing } from "./drawing";
import { HoverCard } from "./HoverCard";
import { Legend } from "./Legend";
import styles from "./Map.module.css";
import { Names } from "./Names";
import { openScatter, type Gesture, type Scatter } from "./scatter";

interface Props {
  project: string;
  map: EmbeddingMap;
  book: ClassBook;
  colouring: Colouring;
  gesture: Gesture;
  chosen: readonly number[];
  /** The point of the open image; −1 without one. */
  focus: number;
  onChoose: (points: readonly number[]) => void;
}

/** So much white makes the darkest class stand out from the dark ground. */
const lift = 0.3;

/** The points of a map, their names and their legend. Indices are the map's throughout; drawn they come in another order. */
export function Plot({ project, map, book, colouring, gesture, chosen, focus, onChoose }: Props) {
  const dark = useComputedColorScheme("light") === "dark";
  const frame = useRef<HTMLDivElement>(null);
  const { ref: whole, ...size } = useElementSize();
  const [scatter, setScatter] = useState<Scatter | null | undefined>(undefined);
  const [hovered, setHovered] = useState<number | null>(null);
  const [, setMoves] = useState(0);

  const palette = useMemo<Palette>(
    () => ({
      nothing: dark ? "#56615d" : "#b4bbb7",
      unknown: dark ? "#8f9a96" : "#7d8784",
      colour: (id) => lifted(book.colour(id), dark ? lift : 0),
      name: (id) => book.name(id),
    }),
    [dark, book],
  );
  const shading = useMemo(() => shade(map, colouring, palette), [map, colouring, palette]);
  const drawing = useMemo(() => drawnFrom(map, shading, colouring), [map, shading, colouring]);

  // What was drawn last tells which image a point is; the canvas must not be made again for it.
  const imageOf = (point: number) => drawing.order[point] ?? 0;
  const hover = useEffectEvent((point: number | null) => setHovered(point === null ? null : imageOf(point)));
  const chooseDrawn = useEffectEvent((points: readonly number[]) => onChoose(points.map(imageOf)));
  useEffect(() => {
    if (!frame.current) return;
    const opened = openScatter(frame.current, {
      onHover: (point) => hover(point),
      onChoose: (points) => chooseDrawn(points),
      onMove: () => setMoves((count) => count + 1),
    });
    setScatter(opened);
    return () => opened?.close();
  }, []);

  useEffect(() => {
    const colour = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    scatter?.ground({ background: colour("--panel"), accent: dark ? "#ffffff" : "#101413" });
  }, [scatter, dark]);
  useEffect(() => scatter?.draw(drawing.drawn), [scatter, drawing]);
  useEffect(() => scatter?.gesture(gesture), [scatter, gesture]);
  useEffect(() => {
    const shown = chosen.length > 0 || focus < 0 ? chosen : [focus];
    scatter?.choose(inDrawing(drawing, shown));
  }, [scatter, drawing, chosen, focus]);

  const place = (index: number) => scatter?.place(drawing.rank[index] ?? 0);
  const pointed = hovered ?? (focus < 0 ? null : focus);
  return (
    <div className={styles.plot}>
      <div ref={whole} className={styles.stage}>
        <div ref={frame} className={styles.canvas} role="img" aria-label="Map of the pool: arrow keys go from image to image" />
      {scatter === null && (
        <Empty icon={<IconMap2 size={38} stroke={1.5} />} title="This browser draws no maps">
          A map needs WebGL, which is switched off here. Switch on hardware acceleration in the browser’s settings, or use another browser.
        </Empty>
      )}
      {scatter && (
        <>
          <Names {...{ map, shading, colouring, place }} width={size.width} />
          {pointed !== null && <HoverCard project={project} item={itemAt(map, pointed)} book={book} at={place(pointed)} within={size} />}
          <Tooltip label="Show all of it">
            <ActionIcon className={styles.fit} variant="default" size="lg" onClick={scatter.fit} aria-label="Show all of it">
              <IconArrowsMaximize size={17} />
            </ActionIcon>
          </Tooltip>
        </>
      )}
      </div>
      <Legend shading={shading} colouring={colouring} />
    </div>
  );
}
