import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { imageQuery } from "../api/queries";
import type { PoolImage, Project } from "../api/types";
import type { Command } from "../state/hotkeys";
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

interface Opened {
  readonly image: PoolImage | undefined;
  readonly targets: readonly Item[];
  readonly actions: ReturnType<typeof useActions>;
}

const nobodyElse = () => false;

/** One image opened beside a page that is no list: the same keys label it, save those that `own` takes for the page. */
export function useOpenImage(
  { project, view, book, labelling, onHelp }: Context,
  close: () => void,
  own: (command: Command, opened: Opened) => boolean = nobodyElse,
): Opened {
  const { data } = useQuery({ ...imageQuery(project.id, view.image ?? 0), enabled: view.image !== null });
  const image = data?.id === view.image ? data : undefined;
  const targets = useMemo(() => (image ? [fromImage(image)] : nothing), [image]);
  const context = useMemo(
    () => ({ list: view.list, items: targets, targets, book, labelling, select: () => undefined }),
    [view.list, targets, book, labelling],
  );
  const actions = useActions(context);
  const opened = { image, targets, actions };
  useHotkeys((command) => {
    if (own(command, opened)) return;
    if (command.do === "label") {
      const classId = classOfKey(book.keys, command.key);
      if (classId !== undefined) actions.label(classId);
    } else if (command.do === "unlabel") actions.unlabel();
    else if (command.do === "undo") labelling.undo();
    else if (command.do === "redo") labelling.redo();
    else if (command.do === "clear") close();
    else if (command.do === "help") onHelp();
  });
  return opened;
}
