import { Tooltip, UnstyledButton } from "@mantine/core";
import type { CSSProperties } from "react";

import { thumbnailUrl } from "../api/calls";
import styles from "./ThumbStrip.module.css";

export interface Strip {
  readonly id: number;
  readonly caption: string;
  readonly colour: string;
  /** All that there is to say, for the pointer and for readers without eyes. */
  readonly hint: string;
}

interface Props {
  project: string;
  label?: string;
  images: readonly Strip[];
  /** The narrowest that a picture gets, in pixels. */
  narrowest?: number;
  onOpen?: ((id: number) => void) | undefined;
}

/** Small pictures beside each other, each with a word and the colour of its class. */
export function ThumbStrip({ project, label, images, narrowest = 62, onOpen }: Props) {
  return (
    <div className={styles.strip} role="group" aria-label={label} style={{ "--narrowest": `${narrowest}px` } as CSSProperties}>
      {images.map(({ id, caption, colour, hint }) => (
        <Tooltip key={id} label={hint} openDelay={250}>
          <UnstyledButton
            className={styles.one}
            style={{ "--colour": colour }}
            disabled={!onOpen}
            onClick={() => onOpen?.(id)}
            aria-label={`Open image: ${hint}`}
          >
            <img src={thumbnailUrl(project, id)} alt="" draggable={false} />
            <span>{caption}</span>
          </UnstyledButton>
        </Tooltip>
      ))}
    </div>
  );
}
