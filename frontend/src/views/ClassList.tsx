import { ActionIcon, Kbd, Menu, TextInput } from "@mantine/core";
import { IconArrowMerge, IconDots, IconPencil, IconPlus, IconSparkles, IconTrash, IconZoomScan } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState, type CSSProperties, type Dispatch, type ReactNode, type RefObject, type SetStateAction } from "react";

import { createClass } from "../api/calls";
import { keys } from "../api/queries";
import type { ImageClass } from "../api/types";
import { SectionTitle } from "../components/SectionTitle";
import { useDropTarget } from "../components/useDropTarget";
import type { ClassBook } from "../hooks/useClasses";
import { refreshFigures } from "../hooks/refresh";
import { rowsFor } from "../state/classRows";
import { enoughExamples } from "../state/coach";
import { plural } from "../state/figures";
import { nearestOf } from "../state/search";
import { ClassDialogue, type Editing } from "./ClassDialogue";
import styles from "./Sidebar.module.css";

interface Props {
  project: string;
  book: ClassBook;
  current: string | null;
  newClass: RefObject<HTMLInputElement | null>;
  onList: (list: string) => void;
  onFiles: (files: File[], classId: string) => void;
  onChanged: () => void;
}

export function ClassList(props: Props) {
  const { project, book, newClass, onChanged } = props;
  const [editing, setEditing] = useState<Editing | null>(null);
  const [typed, setTyped] = useState("");
  const { shown, left } = useMemo(() => rowsFor(book.classes, typed), [book.classes, typed]);
  return (
    <section className={styles.group} aria-label="Classes">
      <div className={styles.heading}>
        <SectionTitle order={2} mb={0}>Classes</SectionTitle>
        <span className={styles.count}>{book.classes.length || ""}</span>
      </div>
      {shown.map((one) => (
        <ClassRow key={one.id} {...props} one={one} onEdit={setEditing} />
      ))}
      {left > 0 && <div className={styles.left}>{left.toLocaleString("en")} more: type a part of a name to find one</div>}
      <NewClass project={project} input={newClass} name={typed} onName={setTyped} placeholder={left > 0 || shown.length < book.classes.length ? "Find or make a class" : "New class"} />
      {editing && (
        <ClassDialogue project={project} editing={editing} book={book} onClose={() => setEditing(null)} onChanged={onChanged} />
      )}
    </section>
  );
}

interface RowProps extends Props {
  one: ImageClass;
  onEdit: (editing: Editing) => void;
}

function ClassRow({ one, book, current, onList, onFiles, onEdit }: RowProps) {
  const { over, handlers } = useDropTarget((files) => onFiles(files, one.id));
  const key = book.keys.get(one.id);
  const missing = enoughExamples - one.examples;
  return (
    <div className={styles.class} data-over={over || undefined} {...handlers}>
      <button
        type="button"
        className={styles.entry}
        aria-current={current === one.id ? "page" : undefined}
        title="Show its examples. Drop files here to add examples."
        onClick={() => onList(`class:${one.id}`)}
      >
        <span className={styles.dot} style={{ "--colour": book.colour(one.id) } as CSSProperties} />
        <span className={styles.name}>
          {one.name}
          {missing > 0 && <div className={styles.hint}>needs {missing} more</div>}
        </span>
        <span className={styles.count} aria-label={plural(one.examples, "example")}>
          {one.examples}
        </span>
        {key !== undefined && <Kbd size="xs">{key.toUpperCase()}</Kbd>}
      </button>
      <ClassMenu one={one} many={book.classes.length > 1} onList={onList} onEdit={onEdit} />
    </div>
  );
}

interface MenuProps {
  one: ImageClass;
  many: boolean;
  onList: (list: string) => void;
  onEdit: (editing: Editing) => void;
}

function ClassMenu({ one, many, onList, onEdit }: MenuProps) {
  const item = (what: Editing["what"], label: string, icon: ReactNode) => (
    <Menu.Item leftSection={icon} color={what === "delete" ? "red" : undefined} onClick={() => onEdit({ what, one })}>
      {label}
    </Menu.Item>
  );
  return (
    <Menu position="bottom-end" width={210} shadow="md">
      <Menu.Target>
        <ActionIcon className={styles.menu} variant="subtle" color="gray" size="sm" aria-label={`Change class ${one.name}`}>
          <IconDots size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconSparkles size={15} />} onClick={() => onList(`predicted:${one.id}`)}>
          Show predicted
        </Menu.Item>
        {one.examples > 0 && (
          <Menu.Item leftSection={<IconZoomScan size={15} />} onClick={() => onList(nearestOf(one.id))}>
            Show the nearest
          </Menu.Item>
        )}
        {item("rename", "Rename", <IconPencil size={15} />)}
        {many && item("merge", "Merge into…", <IconArrowMerge size={15} />)}
        {item("delete", "Delete", <IconTrash size={15} />)}
      </Menu.Dropdown>
    </Menu>
  );
}

interface NewProps {
  project: string;
  input: RefObject<HTMLInputElement | null>;
  name: string;
  onName: Dispatch<SetStateAction<string>>;
  placeholder: string;
}

function NewClass({ project, input, name, onName: setName, placeholder }: NewProps) {
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: (asked: string) => createClass(project, asked),
    meta: { shownInPlace: true },
    // Whoever types on names the next class already: a name that was refused comes back only into an empty field.
    onError: (_, asked) => setName((typed) => typed || asked),
    onSuccess: async () => {
      refreshFigures(client, project);
      await client.invalidateQueries({ queryKey: keys.classes(project) });
    },
  });
  return (
    <form
      className={styles.newClass}
      onSubmit={(event) => {
        event.preventDefault();
        if (!name.trim()) return;
        create.mutate(name.trim());
        setName("");
      }}
    >
      <TextInput
        ref={input}
        mt={6}
        mx={4}
        size="sm"
        placeholder={placeholder}
        aria-label="New class"
        value={name}
        maxLength={100}
        leftSection={<IconPlus size={16} />}
        error={create.error?.message}
        onChange={(event) => {
          create.reset();
          setName(event.currentTarget.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
          // The key that leads here, pressed again, is no beginning of a name.
          if (event.key === "+" && name === "") event.preventDefault();
        }}
      />
    </form>
  );
}
