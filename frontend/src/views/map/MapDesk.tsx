import { useMemo, useState } from "react";

import { useOpenImage } from "../../hooks/useOpenImage";
import { itemAt, mostCentral, neighbourTowards, type Direction, type EmbeddingMap } from "../../state/embeddingMap";
import type { Command } from "../../state/hotkeys";
import type { Colouring } from "../../state/mapColours";
import { EmbeddingBar, PreparationBanner } from "../Banners";
import desk from "../Desk.module.css";
import { LabelBar } from "../LabelBar";
import { OpenedImage } from "../OpenedImage";
import { UploadTray } from "../UploadTray";
import { ChosenBar } from "./ChosenBar";
import type { MapProps } from "./mapProps";
import { MapToolbar } from "./MapToolbar";
import { Plot } from "./Plot";
import type { Gesture } from "./scatter";

interface Props extends MapProps {
  map: EmbeddingMap;
}

const nobody: readonly number[] = [];

function directionOf(command: Command): Direction | null {
  if (command.do !== "move") return null;
  if (command.by === "cell") return command.sign > 0 ? "right" : "left";
  if (command.by === "row") return command.sign > 0 ? "down" : "up";
  return null;
}

/** A map with what can be done on it: look, choose many, open one. */
export function MapDesk(props: Props) {
  const { project, map, view, book, onView } = props;
  const [colouring, setColouring] = useState<Colouring>(project.active_version === null ? "label" : "prediction");
  const [gesture, setGesture] = useState<Gesture>("panZoom");
  const [chosen, setChosen] = useState(nobody);
  const focus = useMemo(() => (view.image === null ? -1 : map.ids.indexOf(view.image)), [map.ids, view.image]);
  const openAt = (index: number) => onView({ image: map.ids[index] ?? null }, view.image !== null);
  const close = () => onView({ image: null }, true);
  const review = () => props.onReview(chosen.map((index) => itemAt(map, index)));

  const opened = useOpenImage(props, close, (command, { image, actions }) => {
    const direction = directionOf(command);
    if (direction) openAt(focus < 0 ? mostCentral(map) : neighbourTowards(map, focus, direction));
    else if (command.do === "toggle" && image) props.onAround(image);
    else if (command.do === "clear" && chosen.length > 0) setChosen(nobody);
    else if (chosen.length > 0 && (command.do === "accept" || command.do === "label")) review();
    else if (command.do === "accept") actions.accept();
    else return false;
    return true;
  });

  const choose = (points: readonly number[]) => {
    const [only, ...more] = points;
    if (only !== undefined && more.length === 0) {
      setChosen(nobody);
      openAt(only);
      return;
    }
    setChosen(points);
    if (more.length > 0 && view.image !== null) close();
  };

  return (
    <>
      <main className={desk.main}>
        <PreparationBanner project={project} />
        <EmbeddingBar project={project} />
        <MapToolbar {...props} colouring={colouring} onColouring={setColouring} gesture={gesture} onGesture={setGesture} />
        <Plot project={project.id} map={map} book={book} colouring={colouring} gesture={gesture} chosen={chosen} focus={focus} onChoose={choose} />
        {chosen.length > 0 && <ChosenBar count={chosen.length} onReview={review} onClear={() => setChosen(nobody)} />}
        <UploadTray uploads={props.uploads} />
        {view.image !== null && chosen.length === 0 && (
          <LabelBar
            book={book}
            targets={opened.targets}
            picked={0}
            onLabel={opened.actions.label}
            onAccept={opened.actions.accept}
            onUnlabel={opened.actions.unlabel}
            onClear={close}
          />
        )}
      </main>
      {view.image !== null && (
        <OpenedImage {...props} {...opened} id={view.image} onOpen={(image) => (image === null ? close() : onView({ image }))} />
      )}
    </>
  );
}
