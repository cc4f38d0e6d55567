import { Tooltip, UnstyledButton } from "@mantine/core";

import { thumbnailUrl } from "../api/calls";
import type { Neighbour } from "../api/types";
import type { ClassBook } from "../hooks/useClasses";
import { percent } from "../state/figures";
import styles from "./Neighbours.module.css";

interface Props {
  project: string;
  neighbours: readonly Neighbour[];
  book: ClassBook;
  onOpen?: (id: number) => void;
}

/** The images most alike, with the class of each. */
export function Neighbours({ project, neighbours, book, onOpen }: Props) {
  return (
    <div className={styles.strip}>
      {neighbours.map(({ image_id: id, class_id: classId, similarity }) => {
        const name = classId === null ? "not labelled" : book.name(classId);
        return (
          <Tooltip key={id} label={`${name} · ${percent(Math.max(0, similarity))} alike`} openDelay={250}>
            <UnstyledButton
              className={styles.one}
              style={{ "--colour": classId === null ? "var(--line)" : book.colour(classId) }}
              disabled={!onOpen}
              onClick={() => onOpen?.(id)}
              aria-label={`Open similar image, ${name}`}
            >
              <img src={thumbnailUrl(project, id)} alt="" draggable={false} />
              <span>{name}</span>
            </UnstyledButton>
          </Tooltip>
        );
      })}
    </div>
  );
}
