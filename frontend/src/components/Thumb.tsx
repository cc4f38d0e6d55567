import { memo, type CSSProperties } from "react";

import { isOpen, type Item } from "../state/items";
import { percent } from "../state/figures";
import { thumbnailUrl } from "../api/calls";
import { Picture } from "./Picture";
import classes from "./Thumb.module.css";

interface Props {
  project: string;
  item: Item;
  /** The name of its label, or else of its prediction. */
  name: string | null;
  colour: string;
  focused: boolean;
  picked: boolean;
  size: number;
}

const closenessHint = "How alike it is: 100 % is the same picture, 0 % no more alike than the images of this pool are on average";

function describe({ item, name }: Pick<Props, "item" | "name">): string {
  const picture = item.filename ?? `Image ${item.id}`;
  if (item.classId !== null) return `${picture}, labelled ${name ?? ""}`;
  if (!item.prediction) return `${picture}, not labelled`;
  const guess = `${name ?? ""} ${percent(item.prediction.probability)}`;
  return `${picture}, ${item.prediction.unknown ? "unknown, perhaps" : "predicted"} ${guess}`;
}

function Caption({ item, name }: Pick<Props, "item" | "name">) {
  if (item.classId !== null)
    return (
      <span className={classes.label} data-kind="labelled">
        <span className={classes.name}>{name}</span>
      </span>
    );
  if (!item.embedded) return <span className={classes.waiting}>embedding…</span>;
  if (!item.prediction) return <span className={classes.waiting}>no label yet</span>;
  const { unknown, probability } = item.prediction;
  return (
    <span className={classes.label} data-kind={unknown ? "unknown" : "predicted"}>
      <span className={classes.name}>{unknown ? "unknown" : name}</span>
      {" "}
      {/* The share beside "unknown" would read as how unknown it is. */}
      <span className={classes.share}>{unknown ? `${name ?? ""}?` : percent(probability)}</span>
      <span className={classes.bar}>
        <span style={{ width: unknown ? "100%" : `${probability * 100}%` }} />
      </span>
    </span>
  );
}

/** One image of the grid with its label, or with what the classifier makes of it. */
export const Thumb = memo(function Thumb(props: Props) {
  const { project, item, colour, focused, picked, size } = props;
  return (
    <div
      role="gridcell"
      id={`image-${item.id}`}
      data-id={item.id}
      data-labelled={!isOpen(item) || undefined}
      data-focused={focused || undefined}
      data-small={size < 100 || undefined}
      aria-selected={picked}
      aria-label={describe(props)}
      className={classes.cell}
      style={{ "--colour": colour } as CSSProperties}
    >
      <div className={classes.picture} title={item.filename ?? undefined}>
        <Picture src={thumbnailUrl(project, item.id)} alt="" draggable={false} decoding="async" />
        {!isOpen(item) && <span className={classes.done} aria-hidden />}
        {picked && <span className={classes.tick} aria-hidden />}
        {item.closeness !== null && (
          <span className={classes.alike} title={closenessHint}>
            {percent(item.closeness)}
          </span>
        )}
      </div>
      <Caption {...props} />
    </div>
  );
});
