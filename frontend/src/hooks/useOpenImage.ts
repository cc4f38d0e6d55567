import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { imageQuery } from "../api/queries";
import type { Project } from "../api/types";
import { fromImage, type Item } from "../state/items";
import { classOfKey } from "../state/keys";
import type { View } from "../state/view";
import { useActions } from "./useActions";
import type { ClassBook } from "./useClasses";
import { useHotkeys } from "./useHotkeys";
import type { Labelling } from "./useLabelling";

interface Context {
  project: Project;
  view: View;
  book: ClassBook;
  labelling: Labelling;
  onHelp: () => void;
}

const nothing: Item[] = [];

/** One image opened beside a page that is no list: the same keys label it. */
export function useOpenImage({ project, view, book, labelling, onHelp }: Context, close: () => void) {
  const { data } = useQuery({ ...imageQuery(project.id, view.image ?? 0), enabled: view.image !== null });
  const targets = useMemo(() => (data?.id === view.image ? [fromImage(data)] : nothing), [data, view.image]);
  const context = useMemo(
    () => ({ list: view.list, items: targets, targets, book, labelling, select: () => undefined }),
    [view.list, targets, book, labelling],
  );
  const actions = useActions(context);
  useHotkeys((command) => {
    if (command.do === "label") {
      const classId = classOfKey(book.keys, command.key);
      if (classId !== undefined) actions.label(classId);
    } else if (command.do === "unlabel") actions.unlabel();
    else if (command.do === "undo") labelling.undo();
    else if (command.do === "redo") labelling.redo();
    else if (command.do === "clear") close();
    else if (command.do === "help") onHelp();
  });
  return { targets, actions };
}
