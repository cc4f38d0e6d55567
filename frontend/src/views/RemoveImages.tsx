import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { deleteImage } from "../api/calls";
import { keys } from "../api/queries";
import type { SearchResult } from "../api/types";
import { refreshFigures, refreshLists } from "../hooks/refresh";
import { plural } from "../state/figures";
import type { Item } from "../state/items";

interface Props {
  project: string;
  images: readonly Item[];
  onClose: () => void;
  onRemoved: () => void;
}

export function RemoveImages({ project, images, onClose, onRemoved }: Props) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: async () => {
      for (const { id } of images) await deleteImage(project, id);
    },
    onSuccess: () => {
      onRemoved();
      onClose();
    },
    onSettled: () => {
      const gone = new Set(images.map((image) => image.id));
      client.setQueriesData<Item[]>({ queryKey: keys.suggestions(project) }, (batch) => batch?.filter((item) => !gone.has(item.id)));
      client.setQueriesData<SearchResult[]>({ queryKey: keys.searches(project) }, (found) => found?.filter(({ image }) => !gone.has(image.id)));
      refreshFigures(client, project);
      refreshLists(client, project);
    },
  });
  return (
    <Modal opened onClose={onClose} title={`Remove ${plural(images.length, "image")}`} centered>
      <Stack>
        <Text size="sm">
          {images.length === 1 ? "The image leaves" : "The images leave"} the pool, with the label if there is one. This cannot be undone.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            Keep
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            Remove
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
