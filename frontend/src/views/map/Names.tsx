import { useMemo } from "react";

import type { EmbeddingMap } from "../../state/embeddingMap";
import { landmarks, type Colouring, type Shading } from "../../state/mapColours";
import styles from "./Map.module.css";

interface Props {
  map: EmbeddingMap;
  shading: Shading;
  colouring: Colouring;
  place: (index: number) => readonly [number, number] | undefined;
}

/** More names than these would hide the points. */
const most = 24;

/** The classes' names in the midst of their images. */
export function Names({ map, shading, colouring, place }: Props) {
  const found = useMemo(() => (colouring === "confidence" ? [] : landmarks(map, shading, most)), [map, shading, colouring]);
  return (
    <div className={styles.names} aria-hidden>
      {found.map(({ shade, point }) => {
        const at = place(point);
        return (
          at && (
            <span key={shade} style={{ left: at[0], top: at[1] }}>
              {shading.shades[shade]?.name}
            </span>
          )
        );
      })}
    </div>
  );
}
