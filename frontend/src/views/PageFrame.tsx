import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import type { Project } from "../api/types";
import type { Uploads } from "../hooks/useUploads";
import { PreparationBanner } from "./Banners";
import desk from "./Desk.module.css";
import styles from "./PageFrame.module.css";
import { UploadTray } from "./UploadTray";

interface Props {
  project: Project;
  uploads: Uploads;
  title: string;
  about: string;
  actions?: ReactNode;
  /** What stays below while the page scrolls. */
  foot?: ReactNode;
  children: ReactNode;
}

/** A view that is read from top to bottom, and no list of images. */
export function PageFrame({ project, uploads, title, about, actions, foot, children }: Props) {
  return (
    <main className={desk.main}>
      <PreparationBanner project={project} />
      <div className={styles.scroller}>
        <div className={styles.page}>
          <Group justify="space-between" gap="sm">
            <div>
              <Title order={2} size="h4">
                {title}
              </Title>
              <Text size="sm" c="var(--soft-ink)">
                {about}
              </Text>
            </div>
            <Group gap="xs">{actions}</Group>
          </Group>
          {children}
        </div>
      </div>
      <UploadTray uploads={uploads} />
      {foot}
    </main>
  );
}
