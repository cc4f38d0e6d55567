import { Button, Menu } from "@mantine/core";
import { IconArchive, IconChevronDown, IconFolder, IconPhotoPlus, IconPhotoSearch } from "@tabler/icons-react";

import { chooseFiles } from "../components/chooseFiles";

interface Props {
  onFiles: (files: File[]) => void;
  onImport: () => void;
  size?: "xs" | "md";
}

/** The ways by which images get into the pool. */
export function AddImages({ onFiles, onImport, size = "xs" }: Props) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button
          size={size}
          variant={size === "md" ? "filled" : "light"}
          leftSection={<IconPhotoPlus size={16} />}
          rightSection={<IconChevronDown size={14} />}
        >
          Add images
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPhotoSearch size={16} />} onClick={() => chooseFiles(onFiles)}>
          Choose files
        </Menu.Item>
        <Menu.Item leftSection={<IconFolder size={16} />} onClick={() => chooseFiles(onFiles, true)}>
          Choose a folder
        </Menu.Item>
        <Menu.Item leftSection={<IconArchive size={16} />} onClick={onImport}>
          Import an archive, a bucket…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
