import { Button, Group, Modal, Radio, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type SyntheticEvent } from "react";

import { deleteClass, mergeClass, renameClass } from "../api/calls";
import type { ImageClass } from "../api/types";
import type { ClassBook } from "../hooks/useClasses";
import { refreshFigures } from "../hooks/refresh";
import { plural } from "../state/figures";

export interface Editing {
  readonly what: "rename" | "merge" | "delete";
  readonly one: ImageClass;
}

interface Props {
  project: string;
  editing: Editing;
  book: ClassBook;
  onClose: () => void;
  /** Examples moved or went, so lists and the undo history no longer hold. */
  onChanged: () => void;
}

const titles = { rename: "Rename class", merge: "Merge class", delete: "Delete class" };

/** Renames, merges or deletes one class. */
export function ClassDialogue(props: Props) {
  const { editing, onClose } = props;
  const Form = { rename: Rename, merge: Merge, delete: Delete }[editing.what];
  return (
    <Modal opened onClose={onClose} title={titles[editing.what]} centered>
      <Form {...props} />
    </Modal>
  );
}

function useChange({ project, onClose, onChanged }: Props, change: () => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    meta: { shownInPlace: true },
    onSuccess: () => {
      refreshFigures(client, project);
      onChanged();
      onClose();
    },
  });
}

function onSubmit(change: () => unknown) {
  return (event: SyntheticEvent) => {
    event.preventDefault();
    change();
  };
}

function Submit({ label, busy, danger = false }: { label: string; busy: boolean; danger?: boolean }) {
  return (
    <Group justify="flex-end">
      <Button type="submit" loading={busy} {...(danger && { color: "red" })}>
        {label}
      </Button>
    </Group>
  );
}

function Rename(props: Props) {
  const { one } = props.editing;
  const [name, setName] = useState(one.name);
  const rename = useChange(props, () => renameClass(props.project, one.id, name.trim()));
  return (
    <form onSubmit={onSubmit(() => rename.mutate())}>
      <Stack>
        <TextInput
          label="Name"
          value={name}
          maxLength={100}
          required
          data-autofocus
          error={rename.error?.message}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Submit label="Rename" busy={rename.isPending} />
      </Stack>
    </form>
  );
}

function Merge(props: Props) {
  const { one } = props.editing;
  const [into, setInto] = useState<string | null>(null);
  const merge = useChange(props, () => mergeClass(props.project, one.id, into ?? ""));
  const others = props.book.classes.filter((other) => other.id !== one.id);
  return (
    <form onSubmit={onSubmit(() => into !== null && merge.mutate())}>
      <Stack>
        <Text size="sm">
          {plural(one.examples, "example")} of {one.name} will belong to the other class, and {one.name} will be gone. This cannot be undone.
        </Text>
        <Select
          label="Into"
          placeholder="Choose a class"
          data={others.map(({ id, name }) => ({ value: id, label: name }))}
          value={into}
          searchable
          data-autofocus
          error={merge.error?.message}
          onChange={setInto}
        />
        <Submit label="Merge" busy={merge.isPending} />
      </Stack>
    </form>
  );
}

function Delete(props: Props) {
  const { project, book } = props;
  const { one } = props.editing;
  const [fate, setFate] = useState("unlabel");
  const remove = useChange(props, async () => {
    if (fate.startsWith("into:")) await mergeClass(project, one.id, fate.slice(5));
    else await deleteClass(project, one.id, one.examples > 0);
  });
  const others = book.classes.filter((other) => other.id !== one.id);
  return (
    <form onSubmit={onSubmit(() => remove.mutate())}>
      <Stack>
        {one.examples === 0 ? (
          <Text size="sm">{one.name} has no examples. Nothing else is lost.</Text>
        ) : (
          <Radio.Group
            label={`What happens to its ${plural(one.examples, "example")}?`}
            description="The images stay in the pool either way."
            value={fate}
            onChange={setFate}
          >
            <Stack gap="xs" mt="sm" mah={280} style={{ overflowY: "auto" }}>
              <Radio value="unlabel" label="They lose their label" />
              {others.map(({ id, name }) => (
                <Radio key={id} value={`into:${id}`} label={`They become ${name}`} />
              ))}
            </Stack>
          </Radio.Group>
        )}
        {remove.error && (
          <Text size="sm" c="red">
            {remove.error.message}
          </Text>
        )}
        <Submit label={`Delete ${one.name}`} busy={remove.isPending} danger />
      </Stack>
    </form>
  );
}
