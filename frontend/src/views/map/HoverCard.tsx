import { thumbnailUrl } from "../../api/calls";
import type { ClassBook } from "../../hooks/useClasses";
import { percent } from "../../state/figures";
import type { Item } from "../../state/items";
import styles from "./Map.module.css";

interface Props {
  project: string;
  item: Item;
  book: ClassBook;
  at: readonly [number, number] | undefined;
  within: { readonly width: number; readonly height: number };
}

const room = 170;

function wordsOf({ classId, prediction }: Item, book: ClassBook): string {
  if (classId !== null) return book.name(classId);
  if (!prediction) return "not labelled";
  return `${prediction.unknown ? "unknown" : book.name(prediction.class_id)} ${percent(prediction.probability)}`;
}

/** The image under the pointer, or in focus. */
export function HoverCard({ project, item, book, at, within }: Props) {
  if (!at) return null;
  const [x, y] = at;
  const side = x > within.width - room ? { right: within.width - x } : { left: x };
  const above = y > within.height - room ? { bottom: within.height - y } : { top: y };
  return (
    <div className={styles.card} style={{ ...side, ...above }} data-labelled={item.classId !== null || undefined}>
      <img src={thumbnailUrl(project, item.id)} alt="" />
      <span>{wordsOf(item, book)}</span>
    </div>
  );
}
