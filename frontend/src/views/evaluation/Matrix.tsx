import { useRef, type CSSProperties, type KeyboardEvent } from "react";

import type { ClassBook } from "../../hooks/useClasses";
import { firstCell, nextCell, shareOfRow, type Confused, type Matrix as Counts, type Place } from "../../state/confusion";
import { plural } from "../../state/figures";
import styles from "./Matrix.module.css";

interface Props {
  matrix: Counts;
  book: ClassBook;
  chosen: Confused | null;
  onChoose: (cell: Confused) => void;
}

/** Names up to this long fit above a column without being turned. */
const short = 3;

function placeOf({ cells }: Counts, wanted: Confused | null): Place | null {
  for (const [row, line] of cells.entries()) {
    const column = wanted ? line.indexOf(wanted) : -1;
    if (column >= 0) return { row, column };
  }
  return null;
}

/** Counts of labels (rows) and answers (columns). One cell takes part in the tab order; arrows lead to the others. */
export function Matrix({ matrix, book, chosen, onChoose }: Props) {
  const table = useRef<HTMLTableElement>(null);
  const turned = matrix.ids.some((id) => book.name(id).length > short);
  const entry = placeOf(matrix, chosen) ?? firstCell(matrix);
  const onKeyDown = (event: KeyboardEvent) => {
    const { row, column } = (event.target as HTMLElement).dataset;
    const next = row === undefined ? null : nextCell(matrix, { row: Number(row), column: Number(column) }, event.key);
    if (!next) return;
    event.preventDefault();
    table.current?.querySelector<HTMLElement>(`[data-row="${next.row}"][data-column="${next.column}"]`)?.focus();
  };
  return (
    <div className={styles.scroller}>
      <table ref={table} className={styles.matrix} onKeyDown={onKeyDown}>
        <thead>
          <tr>
            <td className={styles.corner}>label ↓ answer →</td>
            {matrix.ids.map((id) => (
              <th key={id} scope="col" title={book.name(id)} data-turned={turned || undefined}>
                <span>{book.name(id)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.cells.map((cells, row) => (
            <tr key={matrix.ids[row]}>
              <th scope="row" title={book.name(matrix.ids[row] ?? "")}>
                <span>{book.name(matrix.ids[row] ?? "")}</span>
              </th>
              {cells.map((cell, column) => (
                <td key={matrix.ids[column]}>
                  {cell && (
                    <Count
                      {...{ cell, book, onChoose }}
                      place={{ row, column }}
                      share={shareOfRow(matrix, { row, column })}
                      chosen={cell === chosen}
                      entry={entry?.row === row && entry.column === column}
                    />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CountProps extends Pick<Props, "book" | "onChoose"> {
  cell: Confused;
  place: Place;
  share: number;
  chosen: boolean;
  /** Whether the tab order enters here. */
  entry: boolean;
}

function Count({ cell, book, place: { row, column }, share, chosen, entry, onChoose }: CountProps) {
  return (
    <button
      type="button"
      data-row={row}
      data-column={column}
      data-right={row === column || undefined}
      tabIndex={entry ? 0 : -1}
      aria-pressed={chosen}
      aria-label={describe(cell, book)}
      style={{ "--share": share } as CSSProperties}
      onClick={() => onChoose(cell)}
    >
      {cell.count}
    </button>
  );
}

function describe({ actual, predicted, count }: Confused, book: ClassBook): string {
  const images = `${plural(count, "image")} of ${book.name(actual)}`;
  return actual === predicted ? `${images} recognised` : `${images} taken for ${book.name(predicted)}`;
}
