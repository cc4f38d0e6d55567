import type { Neighbour } from "../api/types";
import type { ClassBook } from "../hooks/useClasses";
import { ThumbStrip } from "./ThumbStrip";

interface Props {
  project: string;
  neighbours: readonly Neighbour[];
  book: ClassBook;
  onOpen?: (id: number) => void;
}

/** The images most alike, with the class of each. */
export function Neighbours({ project, neighbours, book, onOpen }: Props) {
  const images = neighbours.map(({ image_id: id, class_id: classId, similarity }) => {
    const caption = classId === null ? "not labelled" : book.name(classId);
    const colour = classId === null ? "var(--line)" : book.colour(classId);
    return { id, caption, colour, hint: `${caption}, cosine similarity ${similarity.toFixed(3)}` };
  });
  return <ThumbStrip project={project} label="Most alike" images={images} onOpen={onOpen} />;
}
