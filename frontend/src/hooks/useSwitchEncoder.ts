import { useMutation, useQueryClient } from "@tanstack/react-query";

import { switchEncoder } from "../api/calls";
import { keys } from "../api/queries";
import { refreshEncoders } from "./refresh";

/** Has an encoder take over, or stay. */
export function useSwitchEncoder(project: string, encoder: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => switchEncoder(project, encoder),
    onSuccess: (updated) => {
      client.setQueryData(keys.project(project), updated);
      refreshEncoders(client, project);
    },
  });
}
