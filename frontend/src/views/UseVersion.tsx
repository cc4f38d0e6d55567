import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { activateClassifier } from "../api/calls";
import { refreshFigures } from "../hooks/refresh";

interface Props {
  project: string;
  version: number;
  children: ReactNode;
}

/** Has an older or a newer version answer; the labels stay as they are. */
export function UseVersion({ project, version, children }: Props) {
  const client = useQueryClient();
  const activate = useMutation({
    mutationFn: () => activateClassifier(project, version),
    onSuccess: () => refreshFigures(client, project),
  });
  return (
    <Button size="compact-sm" variant="default" loading={activate.isPending} onClick={() => activate.mutate()}>
      {children}
    </Button>
  );
}
