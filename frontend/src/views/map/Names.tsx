import { useMemo } from "react";

import type { EmbeddingMap } from "../../state/embeddingMap";
import { apart, landmarks, letterPixels, type Colouring, type Shading } from "../../state/mapColours";
import styles from "./Map.module.css";

interface Props {
  map: EmbeddingMap;
  shading: Shading;
  colouring: Colouring;
  place: (index: number) => readonly [number, number] | undefined;
  /** Of the canvas, in pixels. */
  width: number;
}

/** More names than these would hide the points. */
const most = 24;

/** The classes' names in the midst of their images. */
export function Names({ map, shading, colouring, place, width }: Props) {
  const found = useMemo(() => (colouring === "confidence" ? [] : landmarks(map, shading, most)), [map, shading, colouring]);
  const names = found.flatMap(({ shade, point }) => {
    const at = place(point);
    const text = shading.shades[shade]?.name ?? "";
    const margin = letterPixels * (text.length / 2 + 1);
    return at ? [{ text, x: Math.min(width - margin, Math.max(margin, at[0])), y: at[1] }] : [];
  });
  return (
    <div className={styles.names} aria-hidden>
      {apart(names).map(({ text, x, y }) => (
        <span key={text} style={{ left: x, top: y }}>
          {text}
        </span>
      ))}
    </div>
  );
}
