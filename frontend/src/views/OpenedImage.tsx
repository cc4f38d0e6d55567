import { useState } from "react";

import type { PoolImage, Project } from "../api/types";
import type { ClassBook } from "../hooks/useClasses";
import type { Labelling } from "../hooks/useLabelling";
import type { useOpenImage } from "../hooks/useOpenImage";
import { similarTo } from "../state/search";
import { ImagePanel } from "./ImagePanel";
import { RemoveImages } from "./RemoveImages";

interface Props extends Pick<ReturnType<typeof useOpenImage>, "targets" | "actions"> {
  project: Project;
  book: ClassBook;
  labelling: Labelling;
  id: number;
  onOpen: (id: number | null) => void;
  onList: (list: string) => void;
  onAround: (image: PoolImage) => void;
}

/** The panel of the image in focus, beside the figures or the map that it is a part of. */
export function OpenedImage({ project, book, labelling, id, targets, actions, onOpen, onList, onAround }: Props) {
  const [removing, setRemoving] = useState(false);
  return (
    <>
      <ImagePanel
        project={project.id}
        version={project.active_version}
        id={id}
        item={targets[0] ?? null}
        book={book}
        onOpen={onOpen}
        onSimilar={(image) => onList(similarTo([image]))}
        onAround={onAround}
        onRemove={() => setRemoving(true)}
        onUnlabel={actions.unlabel}
        onClose={() => onOpen(null)}
      />
      {removing && (
        <RemoveImages
          project={project.id}
          images={targets}
          onClose={() => setRemoving(false)}
          onRemoved={() => {
            labelling.forget();
            onOpen(null);
          }}
        />
      )}
    </>
  );
}
