import { Button, Menu, Modal, Text, TextInput } from "@mantine/core";
import { IconCheck, IconChevronDown, IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { createProject } from "../api/calls";
import { keys, projectsQuery } from "../api/queries";
import type { Project } from "../api/types";
import { plural } from "../state/figures";

interface Props {
  current: Project;
  onChoose: (id: string) => void;
}

export function ProjectMenu({ current, onChoose }: Props) {
  const [creating, setCreating] = useState(false);
  const { data: projects = [current] } = useQuery(projectsQuery);
  return (
    <>
      <Menu position="bottom-start" width={280} shadow="md">
        <Menu.Target>
          <Button variant="default" size="sm" maw={240} miw={0} rightSection={<IconChevronDown size={15} />} aria-label={`Project ${current.name}`}>
            {current.name}
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={420} style={{ overflowY: "auto" }}>
          <Menu.Label>Projects</Menu.Label>
          {projects.map((project) => (
            <Menu.Item
              key={project.id}
              leftSection={project.id === current.id ? <IconCheck size={15} /> : <span style={{ width: 15 }} />}
              onClick={() => onChoose(project.id)}
            >
              <Text size="sm" truncate>
                {project.name}
              </Text>
              <Text size="xs" c="var(--soft-ink)">
                {plural(project.images, "image")}, {plural(project.classes, "class", "classes")}
              </Text>
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
            New project
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <NewProject opened={creating} onClose={() => setCreating(false)} onCreated={onChoose} />
    </>
  );
}

interface NewProps {
  opened: boolean;
  onClose: () => void;
  onCreated: (id: string) => void;
}

export function NewProject({ opened, onClose, onCreated }: NewProps) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: () => createProject(name.trim()),
    meta: { shownInPlace: true },
    onSuccess: async (project) => {
      await client.invalidateQueries({ queryKey: keys.projects });
      setName("");
      onClose();
      onCreated(project.id);
    },
  });
  return (
    <Modal opened={opened} onClose={onClose} title="New project" centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) create.mutate();
        }}
      >
        <TextInput
          label="Name"
          description="What is it about? A project has its own images, classes and classifier."
          placeholder="Cracked parts"
          value={name}
          maxLength={100}
          data-autofocus
          error={create.error?.message}
          onChange={(event) => {
            create.reset();
            setName(event.currentTarget.value);
          }}
        />
        <Button type="submit" mt="md" fullWidth loading={create.isPending} disabled={!name.trim()}>
          Create
        </Button>
      </form>
    </Modal>
  );
}
