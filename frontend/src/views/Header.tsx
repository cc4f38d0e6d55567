import { ActionIcon, Button, Group, Tooltip, UnstyledButton, VisuallyHidden, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconArrowBackUp, IconArrowForwardUp, IconChartBar, IconKeyboard, IconLogout, IconMoon, IconSun, IconWand } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { signOut } from "../api/calls";
import { keys, sessionQuery } from "../api/queries";
import type { Project } from "../api/types";
import type { Labelling } from "../hooks/useLabelling";
import { accuracies, interval, percent } from "../state/figures";
import { ProjectMenu } from "./ProjectMenu";
import styles from "./Header.module.css";

interface Props {
  project: Project;
  labelling: Labelling;
  onProject: (id: string) => void;
  onTry: () => void;
  onVersions: () => void;
  onHelp: () => void;
}

export function Header({ project, labelling, onProject, onTry, onVersions, onHelp }: Props) {
  return (
    <header className={styles.header}>
      <Group gap="sm" wrap="nowrap" miw={0}>
        <img src="/assets/icon.svg" alt="" width={26} height={26} />
        <h1 className={styles.brand}>Handful</h1>
        <ProjectMenu current={project} onChoose={onProject} />
      </Group>
      <Accuracy project={project} onClick={onVersions} />
      <Group gap={6} wrap="nowrap">
        <UndoButtons labelling={labelling} />
        <Button size="sm" leftSection={<IconWand size={17} />} onClick={onTry}>
          Try it
        </Button>
        <SchemeToggle />
        <SignOut />
        <Tooltip label="Keyboard (?)">
          <ActionIcon visibleFrom="xs" variant="subtle" color="gray" size="lg" onClick={onHelp} aria-label="Keyboard help">
            <IconKeyboard size={20} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </header>
  );
}

function Accuracy({ project, onClick }: { project: Project; onClick: () => void }) {
  const [best] = accuracies(project);
  return (
    <UnstyledButton className={styles.accuracy} onClick={onClick}>
      <IconChartBar size={18} />
      <VisuallyHidden>Accuracy and versions:</VisuallyHidden>
      {best ? (
        <span>
          <b>{percent(best.estimate.accuracy)}</b> accurate <span className={styles.soft}>({interval(best.estimate)})</span>
          <span className={styles.measured}> measured on {best.measuredOn}</span>
        </span>
      ) : (
        <span className={styles.soft}>{project.active_version === null ? "No classifier yet" : "Accuracy: label 2 images of each class"}</span>
      )}
    </UnstyledButton>
  );
}

function UndoButtons({ labelling }: { labelling: Labelling }) {
  const undo = labelling.history.past.at(-1);
  const redo = labelling.history.future[0];
  return (
    <>
      <Tooltip label={undo ? `Undo: ${undo.description} (Ctrl+Z)` : "Nothing to undo"}>
        <ActionIcon variant="subtle" color="gray" size="lg" disabled={!undo} onClick={() => labelling.undo()} aria-label="Undo">
          <IconArrowBackUp size={20} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={redo ? `Redo: ${redo.description} (Ctrl+Shift+Z)` : "Nothing to redo"}>
        <ActionIcon variant="subtle" color="gray" size="lg" disabled={!redo} onClick={() => labelling.redo()} aria-label="Redo">
          <IconArrowForwardUp size={20} />
        </ActionIcon>
      </Tooltip>
    </>
  );
}

/** Only where the service asks for a key. */
function SignOut() {
  const client = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const leave = useMutation({ mutationFn: signOut, onSettled: () => client.invalidateQueries({ queryKey: keys.session }) });
  if (!session?.required) return null;
  return (
    <Tooltip label="Sign out">
      <ActionIcon variant="subtle" color="gray" size="lg" onClick={() => leave.mutate()} aria-label="Sign out">
        <IconLogout size={20} />
      </ActionIcon>
    </Tooltip>
  );
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  return (
    <Tooltip label={dark ? "Light" : "Dark"}>
      <ActionIcon
        visibleFrom="xs"
        variant="subtle"
        color="gray"
        size="lg"
        onClick={() => setColorScheme(dark ? "light" : "dark")}
        aria-label={dark ? "Switch to light colours" : "Switch to dark colours"}
      >
        {dark ? <IconSun size={20} /> : <IconMoon size={20} />}
      </ActionIcon>
    </Tooltip>
  );
}
