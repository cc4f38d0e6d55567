import { Alert, Badge, Button, Drawer, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { activateClassifier, updateProject } from "../api/calls";
import { classifiersQuery, keys } from "../api/queries";
import type { Classifier, ClassifierKind, Project } from "../api/types";
import { SectionTitle } from "../components/SectionTitle";
import { refreshFigures } from "../hooks/refresh";
import { accuracies, interval, percent, plural } from "../state/figures";
import { useEncoder } from "./EncoderCard";
import styles from "./Versions.module.css";

interface Props {
  project: Project;
  onClose: () => void;
  onEncoders: () => void;
}

const kinds: { value: ClassifierKind; label: string }[] = [
  { value: "auto", label: "Automatic" },
  { value: "logistic", label: "Logistic regression" },
  { value: "prototype", label: "Prototypes" },
];
const kindNames = Object.fromEntries(kinds.map(({ value, label }) => [value, label]));

/** How good the classifier is, what it is made of, and the versions to go back to. */
export function Versions({ project, onClose, onEncoders }: Props) {
  const { data: versions } = useQuery(classifiersQuery(project.id));
  return (
    <Drawer opened onClose={onClose} position="right" size={460} title="Classifier">
      <Stack gap="xl">
        <Measured project={project} />
        <Kind project={project} />
        <EncoderFacts project={project} onEncoders={onEncoders} />
        <section>
          <SectionTitle>Versions</SectionTitle>
          <Text size="sm" c="var(--soft-ink)" mb="xs">
            Each change of labels makes a new version. Going back changes the answers, never the labels.
          </Text>
          {versions?.map((version) => <Version key={version.version} project={project.id} version={version} />)}
          {versions?.length === 0 && <Text size="sm">None yet: label an image to make the first.</Text>}
        </section>
      </Stack>
    </Drawer>
  );
}

function Measured({ project }: { project: Project }) {
  const measured = accuracies(project);
  if (measured.length === 0)
    return (
      <Alert color="gray" title="Not measured yet">
        Label at least two images of a class: then some labels can be held back to check the others.
      </Alert>
    );
  return (
    <Stack gap="sm">
      {measured.map(({ estimate, measuredOn }) => (
        <div key={measuredOn} className={styles.figure}>
          <span className={styles.number}>{percent(estimate.accuracy)}</span>
          <Text size="sm">
            of answers right, measured on {measuredOn}
            <br />
            <span className={styles.soft}>between {interval(estimate)} % with 95 % confidence</span>
          </Text>
        </div>
      ))}
    </Stack>
  );
}

function Kind({ project }: { project: Project }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (classifier: ClassifierKind) => updateProject(project.id, { classifier }),
    onSuccess: (updated) => {
      client.setQueryData(keys.project(project.id), updated);
      refreshFigures(client, project.id);
    },
  });
  return (
    <section>
      <SectionTitle>Method</SectionTitle>
      <SegmentedControl
        fullWidth
        data={kinds}
        value={change.isPending ? change.variables : project.classifier}
        disabled={change.isPending}
        onChange={(kind) => change.mutate(kind)}
      />
    </section>
  );
}

function EncoderFacts({ project, onEncoders }: Omit<Props, "onClose">) {
  const encoder = useEncoder(project);
  if (!encoder) return null;
  return (
    <section>
      <SectionTitle>Encoder</SectionTitle>
      <Text size="sm" fw={600}>
        {encoder.name}
      </Text>
      <Text size="sm" c="var(--soft-ink)" className={styles.long}>
        {encoder.source} · {encoder.image_size} × {encoder.image_size} px · {encoder.dimension} numbers an image · licence {encoder.licence}
      </Text>
      {encoder.notice && (
        <Text size="sm" mt={4}>
          {encoder.notice}
        </Text>
      )}
      <Button size="compact-sm" variant="light" mt={8} onClick={onEncoders}>
        Compare encoders
      </Button>
    </section>
  );
}

function Version({ project, version }: { project: string; version: Classifier }) {
  const client = useQueryClient();
  const activate = useMutation({
    mutationFn: () => activateClassifier(project, version.version),
    onSuccess: () => refreshFigures(client, project),
  });
  const [best] = accuracies(version);
  const examples = Object.values(version.classes).reduce((sum, count) => sum + count, 0);
  return (
    <Group className={styles.version} justify="space-between" wrap="nowrap">
      <div>
        <Group gap={8}>
          <Text fw={600} size="sm">
            Version {version.version}
          </Text>
          <Text size="sm">{best ? `${percent(best.estimate.accuracy)} (${interval(best.estimate)})` : "not measured"}</Text>
        </Group>
        <Text size="xs" c="var(--soft-ink)">
          {plural(examples, "example")} of {plural(Object.keys(version.classes).length, "class", "classes")} · {kindNames[version.kind]} ·{" "}
          {new Date(version.created_at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}
        </Text>
      </div>
      {version.active ? (
        <Badge variant="light">answers now</Badge>
      ) : (
        <Button size="compact-sm" variant="default" loading={activate.isPending} onClick={() => activate.mutate()}>
          Use this
        </Button>
      )}
    </Group>
  );
}
