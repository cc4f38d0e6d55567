import { Alert, Button, Center, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

import { projectQuery, projectsQuery } from "../api/queries";
import { Empty } from "../components/Empty";
import { useView } from "../hooks/useView";
import { recall, remember } from "../state/memory";
import { chooseProject } from "../state/projects";
import type { ChangeView, View } from "../state/view";
import { NewProject } from "./ProjectMenu";
import { Workspace } from "./Workspace";
import { IconFolderPlus } from "@tabler/icons-react";

/** Finds the project to open, and opens it. */
export function App() {
  const [view, setView] = useView();
  const { data: projects, error } = useQuery(projectsQuery);
  const last = recall("project");
  const chosen = projects && chooseProject(projects, view.project, last);
  const id = chosen?.id ?? null;
  // An empty project that nobody asked for is no place to settle: the sample may still be loading.
  const settled = id !== null && (id === view.project || id === last || chosen?.images !== 0);

  useEffect(() => {
    if (!settled) return;
    remember("project", id);
    if (view.project !== id) setView({ project: id }, true);
  }, [settled, id, view.project, setView]);

  if (chosen) return <OpenProject key={chosen.id} id={chosen.id} view={view} onView={setView} />;
  if (projects) return <NoProject onCreated={(created) => setView({ project: created })} />;
  return (
    <Center h="100%">
      {error ? (
        <Alert color="red" title="The projects could not be loaded">
          {error.message}
        </Alert>
      ) : (
        <Loader aria-label="Loading" />
      )}
    </Center>
  );
}

function OpenProject({ id, view, onView }: { id: string; view: View; onView: ChangeView }) {
  const { data: project } = useQuery(projectQuery(id));
  useEffect(() => {
    document.title = project ? `${project.name} · Handful` : "Handful";
  }, [project]);
  if (project) return <Workspace project={project} view={view} onView={onView} />;
  return (
    <Center h="100%">
      <Loader aria-label="Loading" />
    </Center>
  );
}

function NoProject({ onCreated }: { onCreated: (id: string) => void }) {
  const [creating, setCreating] = useState(false);
  return (
    <Center h="100%">
      <Empty icon={<IconFolderPlus size={38} stroke={1.5} />} title="Start a project" action={<Button onClick={() => setCreating(true)}>New project</Button>}>
        A project holds images, classes and the classifier that learns from your labels.
      </Empty>
      <NewProject opened={creating} onClose={() => setCreating(false)} onCreated={onCreated} />
    </Center>
  );
}
