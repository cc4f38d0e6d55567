import { Alert, Button, Loader, SegmentedControl, Select, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { classifierComparisonQuery, classifiersQuery, encoderComparisonQuery, liveEncodersQuery, type Sides } from "../../api/queries";
import type { Comparison, Project } from "../../api/types";
import { SectionTitle } from "../../components/SectionTitle";
import type { ClassBook } from "../../hooks/useClasses";
import { firstPair } from "../../state/comparison";
import { plural } from "../../state/figures";
import { UseVersion } from "../UseVersion";
import { Compared } from "./Compared";
import styles from "./Evaluation.module.css";

interface Props {
  project: Project;
  book: ClassBook;
  onOpen: (id: number) => void;
}

/** Two versions, or two encoders, on the same labels. */
export function Compare(props: Props) {
  const [what, setWhat] = useState<"versions" | "encoders">("versions");
  return (
    <section className={styles.card} aria-label="Compare">
      <div className={styles.head}>
        <SectionTitle mb={0}>Compare on the same labels</SectionTitle>
        <SegmentedControl
          size="xs"
          value={what}
          onChange={setWhat}
          aria-label="What to compare"
          data={[
            { value: "versions", label: "Versions" },
            { value: "encoders", label: "Encoders" },
          ]}
        />
      </div>
      {what === "versions" ? <Versions {...props} /> : <Encoders {...props} />}
    </section>
  );
}

function Versions({ project, book, onOpen }: Props) {
  const { data: versions } = useQuery(classifiersQuery(project.id));
  const [asked, setAsked] = useState<Sides<string> | null>(null);
  const sides = asked && { a: Number(asked.a), b: Number(asked.b) };
  const { data, error, isFetching } = useQuery({
    ...classifierComparisonQuery(project.id, project.active_version, sides ?? { a: 0, b: 0 }),
    enabled: sides !== null,
  });
  const pair = firstPair(versions ?? []);
  if (!versions) return <Loader size="sm" />;
  if (!pair) return <Text size="sm">There is one version. The next label makes another, to be set beside it here.</Text>;
  const choices = versions.map((one) => ({
    value: String(one.version),
    label: `Version ${one.version}${one.active ? ", answers now" : ""} · ${plural(one.labels, "label")}`,
  }));
  const older = versions.filter((one) => !one.active && (one.version === sides?.a || one.version === sides?.b));
  return (
    <>
      <Choice noun="version" choices={choices} first={{ a: String(pair.a), b: String(pair.b) }} busy={isFetching} onCompare={setAsked} />
      <Answer error={error} data={data}>
        {(comparison) => (
          <>
            <Compared project={project.id} names={[`version ${sides?.a ?? ""}`, `version ${sides?.b ?? ""}`]} {...{ comparison, book, onOpen }} />
            {older.map((one) => (
              <UseVersion key={one.version} project={project.id} version={one.version}>
                {one.version < (project.active_version ?? 0) ? "Roll back to" : "Use"} version {one.version}
              </UseVersion>
            ))}
          </>
        )}
      </Answer>
    </>
  );
}

function Encoders({ project, book, onOpen }: Props) {
  const { data: listed } = useQuery(liveEncodersQuery(project));
  const [asked, setAsked] = useState<Sides<string> | null>(null);
  const { data, error, isFetching } = useQuery({
    ...encoderComparisonQuery(project.id, project.active_version, asked ?? { a: "", b: "" }),
    enabled: asked !== null,
  });
  if (!listed) return <Loader size="sm" />;
  const encoders = listed.encoders.filter((one) => one.embedded > 0);
  const active = encoders.find((one) => one.active);
  const other = encoders.find((one) => !one.active);
  if (!active || !other) return <Text size="sm">One encoder has looked at your images. Register or pretrain another under Encoders.</Text>;
  const name = (id: string) => encoders.find((one) => one.id === id)?.name ?? id;
  return (
    <>
      <Choice
        noun="encoder"
        choices={encoders.map((one) => ({ value: one.id, label: one.name + (one.active ? ", in use" : "") }))}
        first={{ a: other.id, b: active.id }}
        busy={isFetching}
        onCompare={setAsked}
      />
      <Answer error={error} data={data}>
        {(comparison) => <Compared project={project.id} names={[name(asked?.a ?? ""), name(asked?.b ?? "")]} {...{ comparison, book, onOpen }} />}
      </Answer>
    </>
  );
}

interface ChoiceProps {
  noun: string;
  choices: { value: string; label: string }[];
  first: Sides<string>;
  busy: boolean;
  onCompare: (sides: Sides<string>) => void;
}

function Choice({ noun, choices, first, busy, onCompare }: ChoiceProps) {
  const [sides, setSides] = useState<Partial<Sides<string>>>({});
  const { a, b } = { ...first, ...sides };
  return (
    <div className={styles.choice}>
      <Select size="sm" searchable allowDeselect={false} aria-label={`First ${noun}`} data={choices} value={a} onChange={(id) => id && setSides({ ...sides, a: id })} />
      <Text size="sm" c="var(--soft-ink)">
        against
      </Text>
      <Select size="sm" searchable allowDeselect={false} aria-label={`Second ${noun}`} data={choices} value={b} onChange={(id) => id && setSides({ ...sides, b: id })} />
      <Button size="sm" variant="light" loading={busy} disabled={a === b} onClick={() => onCompare({ a, b })}>
        Compare
      </Button>
    </div>
  );
}

interface AnswerProps {
  error: Error | null;
  data: Comparison | undefined;
  children: (comparison: Comparison) => React.ReactNode;
}

function Answer({ error, data, children }: AnswerProps) {
  if (error) return <Alert color="yellow" title="They cannot be compared">{error.message}</Alert>;
  return data ? children(data) : null;
}
