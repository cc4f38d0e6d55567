import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { classesQuery } from "../api/queries";
import type { ImageClass } from "../api/types";
import { assignColours } from "../state/colours";
import { assignKeys } from "../state/keys";

/** The classes with the key and the colour of each. */
export interface ClassBook {
  readonly classes: readonly ImageClass[];
  readonly keys: ReadonlyMap<string, string>;
  readonly loaded: boolean;
  readonly name: (id: string) => string;
  readonly colour: (id: string) => string;
}

const none: ImageClass[] = [];
const unclassified = "#868e96";

export function useClasses(project: string): ClassBook {
  const { data } = useQuery(classesQuery(project));
  return useMemo(() => {
    const classes = data ?? none;
    const colours = assignColours(classes.map((one) => one.id));
    const names = new Map(classes.map((one) => [one.id, one.name]));
    return {
      classes,
      keys: assignKeys(classes),
      loaded: data !== undefined,
      name: (id) => names.get(id) ?? id,
      colour: (id) => colours.get(id) ?? unclassified,
    };
  }, [data]);
}
