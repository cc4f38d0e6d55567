import type { useDesk } from "./useDesk";
import { useHotkeys } from "./useHotkeys";
import type { ClassBook } from "./useClasses";
import type { Labelling } from "./useLabelling";
import type { Command } from "../state/hotkeys";
import { classOfKey } from "../state/keys";
import { clearPicks, focusOn, move, pickAll, toggleFocused } from "../state/selection";
import type { Step } from "../state/undo";

interface Options {
  desk: ReturnType<typeof useDesk>;
  book: ClassBook;
  labelling: Labelling;
  columns: number;
  onHelp: () => void;
  onNewClass: () => void;
}

const rowsInPage = 4;

/** Binds the keyboard to the list on the table. */
export function useCommands({ desk, book, labelling, columns, onHelp, onNewClass }: Options): void {
  const { select, selection, items, actions, pool } = desk;
  const steps = { cell: 1, row: columns, page: columns * rowsInPage, end: Infinity };

  const showStep = (step: Step | undefined) => {
    const [only, ...more] = step?.after ?? [];
    if (only && more.length === 0) select(focusOn(only.image_id));
  };

  useHotkeys((command: Command) => {
    switch (command.do) {
      case "label": {
        const classId = classOfKey(book.keys, command.key);
        if (classId !== undefined) actions.label(classId);
        return;
      }
      case "move": {
        const order = items.map((item) => item.id);
        select(move(selection, order, command.sign * steps[command.by], command.extend)); return;
      }
      case "accept":
        { actions.accept(); return; }
      case "unlabel":
        { actions.unlabel(); return; }
      case "toggle":
        { select(toggleFocused(selection)); return; }
      case "all":
        return void pool.loadAll().then((all) => select(pickAll(selection, all.map((item) => item.id))));
      case "clear":
        { select(clearPicks(selection)); return; }
      case "undo":
        { showStep(labelling.undo()); return; }
      case "redo":
        { showStep(labelling.redo()); return; }
      case "refresh":
        return void desk.refresh();
      case "help":
        { onHelp(); return; }
      case "new-class":
        { onNewClass(); return; }
    }
  });
}
