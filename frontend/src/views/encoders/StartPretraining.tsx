import { Alert, Button, Collapse, Group, Loader, Modal, NumberInput, Select, Stack, Text, Textarea } from "@mantine/core";
import { IconChevronRight, IconClock } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { startPretraining } from "../../api/calls";
import { encodersQuery, presetsQuery, runQuery } from "../../api/queries";
import type { Job, Preset, Project } from "../../api/types";
import { enterJob } from "../../hooks/refresh";
import { batchOf, makePlan, parseSettings, runToGoBy, suggestPreset, timeHint, warning, type Plan } from "../../state/plan";
import { plural } from "../../state/figures";
import styles from "./Encoders.module.css";
import { PresetChoice } from "./PresetChoice";

interface Props {
  project: Project;
  /** Earlier pretrainings: they tell how fast this machine is. */
  jobs: readonly Job[];
  onClose: () => void;
}

/** Starts a pretraining on the project's pool. */
export function StartPretraining(props: Props) {
  const { data: presets } = useQuery(presetsQuery);
  const first = presets && suggestPreset(presets, props.project.images);
  return (
    <Modal opened onClose={props.onClose} title="Pretrain an encoder on this pool" size={680} centered>
      {presets && first ? <Form {...props} presets={presets} first={first} /> : <Loader aria-label="Loading" />}
    </Modal>
  );
}

interface FormProps extends Props {
  presets: readonly Preset[];
  first: Preset;
}

function Form({ project, jobs, presets, first, onClose }: FormProps) {
  const client = useQueryClient();
  const [preset, setPreset] = useState(first);
  const [typed, setTyped] = useState<string | number>(first.epochs);
  const [start, setStart] = useState<string | null>(null);
  const [advanced, setAdvanced] = useState("");
  const { settings, error } = parseSettings(advanced);
  const epochs = Number(typed) > 0 ? Number(typed) : preset.epochs;
  const begin = useMutation({
    mutationFn: () =>
      startPretraining(project.id, {
        preset: preset.name,
        epochs: epochs === preset.epochs ? null : epochs,
        start_from: start,
        settings,
      }),
    meta: { shownInPlace: true },
    onSuccess: (job) => {
      void enterJob(client, job);
      onClose();
    },
  });
  const varied = { ...preset, batch: batchOf(preset, settings) };
  const plan = makePlan(varied, project.images, epochs, useSpeed(preset, jobs));
  const choose = (name: string) => {
    const chosen = presets.find((one) => one.name === name) ?? preset;
    setPreset(chosen);
    setTyped(chosen.epochs);
    setStart(null);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (error === null) begin.mutate();
      }}
    >
      <Stack>
        <PresetChoice presets={presets} chosen={preset.name} onChoose={choose} />
        <Group grow align="flex-start">
          <NumberInput
            label="Epochs"
            description={`How often it sees each image. The preset’s own: ${preset.epochs.toLocaleString("en")}.`}
            value={typed}
            min={0.01}
            max={10_000}
            onChange={setTyped}
          />
          <StartFrom project={project} preset={preset} value={start} onChange={setStart} />
        </Group>
        <Advanced text={advanced} error={error} onChange={setAdvanced} />
        <Forecast plan={plan} preset={varied} images={project.images} onEpochs={setTyped} />
        {begin.error && (
          <Alert color="red" title="It was not started">
            {begin.error.message}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={begin.isPending} disabled={error !== null}>
            Start
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const nobody = { id: "", finished_at: null };

/** Images a second that the preset made here last. */
function useSpeed(preset: Preset, jobs: readonly Job[]): number | null {
  const job = runToGoBy(preset, jobs);
  const { data: run } = useQuery({ ...runQuery(job ?? nobody), enabled: job !== undefined });
  return run?.figures.images_per_second ?? null;
}

const scratch = "";

function StartFrom({ project, preset, value, onChange }: { project: Project; preset: Preset; value: string | null; onChange: (id: string | null) => void }) {
  const { data } = useQuery(encodersQuery(project));
  const fitting = data?.encoders.filter((one) => preset.starts_from.includes(one.id)) ?? [];
  return (
    <Select
      label="Start from"
      description={
        fitting.length > 0
          ? "One of the same shape saves most of the way."
          : "No encoder here has the shape of this preset."
      }
      data={[{ value: scratch, label: "Scratch" }, ...fitting.map((one) => ({ value: one.id, label: one.name }))]}
      value={value ?? scratch}
      allowDeselect={false}
      onChange={(id) => onChange(id === scratch ? null : id)}
    />
  );
}

function Advanced({ text, error, onChange }: { text: string; error: string | null; onChange: (text: string) => void }) {
  const [open, setOpen] = useState(false);
  return (
    <div>
      <Button
        size="compact-sm"
        variant="subtle"
        color="gray"
        aria-expanded={open}
        leftSection={<IconChevronRight size={15} className={styles.chevron} />}
        onClick={() => setOpen(!open)}
      >
        Advanced settings
      </Button>
      <Collapse expanded={open}>
        <Textarea
          mt={6}
          aria-label="Advanced settings"
          description="Values of the recipe, one a line: mask_ratio = 0.3 (share of patches hidden), batch, prototypes, queue (past targets kept, for small batches), prior_exponent (0.25 for pools with rare kinds), learning_rate."
          placeholder={"mask_ratio = 0.3\nbatch = 64"}
          autosize
          minRows={2}
          maxRows={6}
          value={text}
          error={error}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      </Collapse>
    </div>
  );
}

interface ForecastProps {
  plan: Plan;
  preset: Preset;
  images: number;
  onEpochs: (epochs: number) => void;
}

/** How long it will take, as far as that is known, and what speaks against it. */
function Forecast({ plan, preset, images, onEpochs }: ForecastProps) {
  const against = warning(plan, preset, images);
  return (
    <div className={styles.forecast} aria-live="polite">
      <Group gap={8} wrap="nowrap" align="flex-start">
        <IconClock size={17} />
        <Text size="sm">
          {plural(plan.steps, "step")} of {preset.batch} images. {timeHint(plan, preset.device)}
        </Text>
      </Group>
      {against && (
        <Group gap={8} justify="space-between" wrap="nowrap">
          <Text size="sm" c="var(--amber)">
            {against.text}
          </Text>
          {against.epochs !== undefined && (
            <Button size="compact-sm" variant="light" flex="none" onClick={() => onEpochs(against.epochs ?? preset.epochs)}>
              Take {against.epochs.toLocaleString("en")} epochs
            </Button>
          )}
        </Group>
      )}
    </div>
  );
}
