import { SegmentedControl, Select, Text } from "@mantine/core";

import type { ClassBook } from "../hooks/useClasses";
import { amongChoices, nearestOf, searchOf } from "../state/search";
import { strategies } from "../state/strategies";
import { classOfList, defaultOrder, type Order, type View } from "../state/view";

const orderNames: { value: Order; label: string }[] = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
  { value: "uncertain", label: "Least certain first" },
  { value: "confident", label: "Most certain first" },
];

interface Props {
  view: View;
  book: ClassBook;
  predicts: boolean;
  onView: (changes: Partial<View>) => void;
}

/** What a list is sorted, chosen or narrowed by; each kind of list has one of these. */
export function ListTools({ view, book, predicts, onView }: Props) {
  const shared = { size: "xs", allowDeselect: false } as const;
  if (view.list === "suggestions")
    return (
      <Select
        {...shared}
        w={150}
        aria-label="How suggestions are chosen"
        data={Object.entries(strategies).map(([value, { name }]) => ({ value, label: name }))}
        renderOption={({ option }) => <Strategy name={option.value} />}
        comboboxProps={{ width: 280, position: "bottom-end" }}
        value={view.strategy ?? "auto"}
        onChange={(strategy) => onView({ strategy: strategy === "auto" ? null : strategy })}
      />
    );
  if (searchOf(view.list))
    return (
      <Select
        {...shared}
        w={150}
        aria-label="Search among"
        data={amongChoices(book.classes, predicts)}
        value={view.among ?? "all"}
        searchable
        onChange={(among) => onView({ among: among === "all" ? null : among })}
      />
    );
  return (
    <Select
      {...shared}
      w={150}
      aria-label="Order"
      data={orderNames}
      value={view.order ?? defaultOrder(view.list)}
      onChange={(order) => order && onView({ order })}
    />
  );
}

function Strategy({ name }: { name: string }) {
  const words = Object.entries(strategies).find(([strategy]) => strategy === name)?.[1];
  return (
    <div>
      <Text size="sm">{words?.name ?? name}</Text>
      <Text size="xs" c="var(--soft-ink)">
        {words?.what}
      </Text>
    </div>
  );
}

/** The ways to look at one class. */
export function ClassSwitch({ list, onList }: { list: string; onList: (list: string) => void }) {
  const classId = classOfList(list);
  if (classId === null) return null;
  return (
    <SegmentedControl
      size="xs"
      value={list}
      onChange={onList}
      data={[
        { value: `class:${classId}`, label: "Examples" },
        { value: `predicted:${classId}`, label: "Predicted" },
        { value: nearestOf(classId), label: "Nearest" },
      ]}
    />
  );
}
