import { Spoiler } from "@mantine/core";
import type { ReactNode } from "react";

interface Props {
  /** So many lines show before "More" is chosen. */
  lines: number;
  children: ReactNode;
}

const lineHeight = 22;

/** A text that few read to its end. */
export function Folded({ lines, children }: Props) {
  return (
    <Spoiler maxHeight={lines * lineHeight} showLabel="More" hideLabel="Less" fz="sm" lh={`${lineHeight}px`} styles={{ control: { fontSize: 13 } }}>
      {children}
    </Spoiler>
  );
}
