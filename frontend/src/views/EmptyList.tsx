import { Button, Loader } from "@mantine/core";
import { IconConfetti, IconCopy, IconHandGrab, IconHourglass, IconPhotoOff, IconPlugConnectedX, IconTag, IconTagOff, IconZoomScan } from "@tabler/icons-react";

import { ProblemError } from "../api/problem";
import type { Project } from "../api/types";
import { Empty } from "../components/Empty";
import type { Pool } from "../state/pool";
import { pictureSearch, searchOf } from "../state/search";
import { importsView, nearDuplicates } from "../state/view";
import { AddImages } from "./AddImages";
import { ChoosePicture } from "./SearchHead";

interface Props {
  project: Project;
  list: string;
  /** How suggestions are chosen; null for the usual way. */
  strategy: string | null;
  pool: Pool;
  onList: (list: string) => void;
  onFiles: (files: File[]) => void;
  /** What a search by picture searches with. */
  picture: File | null;
  onPicture: (picture: File) => void;
}

const large = { size: 38, stroke: 1.5 };

/** Why the grid has nothing to show, and the way on. */
export function EmptyList({ project, list, strategy, pool, onList, onFiles, picture, onPicture }: Props) {
  const showAll = (
    <Button variant="light" onClick={() => onList("all")}>
      Show all images
    </Button>
  );
  if (list === pictureSearch && !picture && project.images > 0)
    return (
      <Empty icon={<IconZoomScan {...large} />} title="Search with a picture" action={<ChoosePicture label="Choose a picture" onPicture={onPicture} />}>
        Drop one here, paste one, or choose a file: the images most like it are shown. The picture itself is not kept.
      </Empty>
    );
  if (pool.error instanceof ProblemError && pool.error.kind === "unknown-class")
    return (
      <Empty icon={<IconTagOff {...large} />} title="This class is gone" action={showAll}>
        It was deleted, or merged into another. Its images are still there.
      </Empty>
    );
  if (pool.error)
    return (
      <Empty icon={<IconPlugConnectedX {...large} />} title="This list could not be loaded" action={<Button onClick={() => void pool.refresh()}>Try again</Button>}>
        {pool.error.message}
      </Empty>
    );
  if (pool.loading) return <Empty icon={<Loader />} title="Loading" children="" />;
  if (project.images === 0)
    return (
      <Empty icon={<IconHandGrab {...large} />} title="Drop images or whole folders here" action={<AddImages onFiles={onFiles} onImport={() => onList(importsView)} size="md" />}>
        They become the pool of this project: label a handful of them, and Handful predicts the rest.
      </Empty>
    );
  if (list === "suggestions" && project.pending > 0)
    return (
      <Empty icon={<IconHourglass {...large} />} title="Looking at your images" action={showAll}>
        Suggestions come as soon as the first images are embedded.
      </Empty>
    );
  if (list === "suggestions" && strategy === "errors")
    return (
      <Empty icon={<IconConfetti {...large} />} title="No label looks wrong" action={showAll}>
        Every label agrees with the others, as far as there are enough to tell.
      </Empty>
    );
  if (list === "suggestions" || list === "unlabelled")
    return (
      <Empty icon={<IconConfetti {...large} />} title="Everything is labelled" action={showAll}>
        Add more images, or look through the predictions and the examples.
      </Empty>
    );
  if ((list === "uncertain" || list === "unknown" || list.startsWith("predicted:")) && project.active_version === null)
    return (
      <Empty icon={<IconTag {...large} />} title="No predictions yet" action={showAll}>
        Label a few images first: predictions follow within a second.
      </Empty>
    );
  if (list === nearDuplicates)
    return (
      <Empty icon={<IconCopy {...large} />} title="No near-duplicates" action={showAll}>
        Images that look the same as an older one are listed here, once they are embedded.
      </Empty>
    );
  if (searchOf(list))
    return (
      <Empty icon={<IconZoomScan {...large} />} title="Nothing found" action={showAll}>
        {project.pending > 0 ? "Images are found once they are embedded, which is under way." : "Search among all images, or with another one."}
      </Empty>
    );
  if (list.startsWith("class:"))
    return (
      <Empty icon={<IconTag {...large} />} title="No examples yet" action={showAll}>
        Choose images of this class and press its key, or drop files on its name in the list on the left.
      </Empty>
    );
  return (
    <Empty icon={<IconPhotoOff {...large} />} title={list === "unknown" ? "Nothing looks unknown" : "Nothing here"} action={showAll}>
      {list === "unknown" ? "Every image resembles some class." : "No image is in this list at the moment."}
    </Empty>
  );
}
