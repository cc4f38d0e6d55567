import { useVirtualizer } from "@tanstack/react-virtual";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useLayoutEffect, useMemo, useRef, type MouseEvent } from "react";

import classes from "./Grid.module.css";
import { Thumb } from "../components/Thumb";
import thumbClasses from "../components/Thumb.module.css";
import { useBoxSelect } from "../hooks/useBoxSelect";
import type { ClassBook } from "../hooks/useClasses";
import { cellsInBox, layOut, rowCount } from "../state/geometry";
import type { Item } from "../state/items";
import { boxed, clearPicks, click, emptySelection, type Selection } from "../state/selection";

interface Props {
  project: string;
  items: readonly Item[];
  total: number;
  book: ClassBook;
  thumbnail: number;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onColumns: (columns: number) => void;
  onVisible: (first: number, last: number) => void;
  /** What a click, a box and a click beside all images do to the selection. */
  gestures?: typeof selecting;
}

const selecting = { click, boxed, aside: clearPicks };
const gap = 12;
const caption = 28;

export function Grid(props: Props) {
  const { project, items, total, book, thumbnail, selection, onSelect, onColumns, onVisible, gestures = selecting } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: inner, width } = useElementSize();
  const grid = useMemo(() => layOut(width, thumbnail, gap, caption), [width, thumbnail]);
  const order = useMemo(() => items.map((item) => item.id), [items]);
  const beforeDrag = useRef(emptySelection);

  // Only the compiler's automatic memoisation is skipped here, and it is not in use.
  // eslint-disable-next-line react-hooks/incompatible-library
  const rows = useVirtualizer({
    count: width > 0 ? rowCount(grid, total) : 0,
    getScrollElement: () => scroller.current,
    estimateSize: () => grid.cellHeight + gap,
    overscan: 4,
  });
  useLayoutEffect(() => rows.measure(), [rows, grid]);
  useEffect(() => onColumns(grid.columns), [grid.columns, onColumns]);

  const seen = rows.getVirtualItems();
  const first = (seen[0]?.index ?? 0) * grid.columns;
  const last = Math.min(total, ((seen.at(-1)?.index ?? -1) + 1) * grid.columns) - 1;
  useEffect(() => onVisible(first, last), [first, last, items, onVisible]);

  const focusIndex = selection.focus === null ? -1 : order.indexOf(selection.focus);
  const focusRow = focusIndex < 0 ? -1 : Math.floor(focusIndex / grid.columns);
  useEffect(() => {
    if (focusRow >= 0) rows.scrollToIndex(focusRow, { align: "auto" });
  }, [focusRow, rows]);

  const drag = useBoxSelect({
    scroller,
    onStart: () => {
      beforeDrag.current = selection;
    },
    onBox: (box, additive) => {
      const ids = cellsInBox(grid, box, items.length).flatMap((index) => items[index]?.id ?? []);
      onSelect(gestures.boxed(beforeDrag.current, ids, additive));
    },
  });

  const onClick = (event: MouseEvent) => {
    if (drag.endedDrag()) return;
    const cell = (event.target as Element).closest<HTMLElement>("[data-id]");
    if (!cell) onSelect(gestures.aside(selection));
    else onSelect(gestures.click(selection, order, Number(cell.dataset.id), { shift: event.shiftKey, toggle: event.ctrlKey || event.metaKey }));
  };

  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="grid"
      aria-label="Images"
      aria-multiselectable
      aria-rowcount={rowCount(grid, total)}
      aria-activedescendant={focusIndex < 0 ? undefined : `image-${selection.focus}`}
      tabIndex={0}
      onClick={onClick}
      {...drag.handlers}
    >
      <div ref={inner} className={classes.content} style={{ height: rows.getTotalSize() }}>
        {seen.map((row) => (
          <div
            key={row.key}
            role="row"
            aria-rowindex={row.index + 1}
            className={classes.row}
            style={{ top: row.start, height: grid.cellHeight, gridTemplateColumns: `repeat(${grid.columns}, ${grid.cellWidth}px)` }}
          >
            {cellsOfRow(row.index, grid.columns, total).map((index) => {
              const item = items[index];
              if (!item) return <div key={index} className={thumbClasses.empty} aria-hidden />;
              const classId = item.classId ?? item.prediction?.class_id ?? null;
              return (
                <Thumb
                  key={item.id}
                  project={project}
                  item={item}
                  name={classId === null ? null : book.name(classId)}
                  colour={classId === null ? "transparent" : book.colour(classId)}
                  focused={item.id === selection.focus}
                  picked={selection.picked.has(item.id)}
                  size={grid.cellWidth}
                />
              );
            })}
          </div>
        ))}
        {drag.box && (
          <div
            className={classes.box}
            style={{
              left: drag.box.left,
              top: drag.box.top,
              width: drag.box.right - drag.box.left,
              height: drag.box.bottom - drag.box.top,
            }}
          />
        )}
      </div>
    </div>
  );
}

function cellsOfRow(row: number, columns: number, total: number): number[] {
  const start = row * columns;
  return Array.from({ length: Math.max(0, Math.min(columns, total - start)) }, (_, column) => start + column);
}
