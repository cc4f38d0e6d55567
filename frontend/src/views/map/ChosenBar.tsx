import { Button, Kbd } from "@mantine/core";

import { FloatingBar } from "../../components/FloatingBar";
import { plural } from "../../state/figures";

interface Props {
  count: number;
  onReview: () => void;
  onClear: () => void;
}

/** The images within the lasso, and the way on. */
export function ChosenBar({ count, onReview, onClear }: Props) {
  return (
    <FloatingBar bottom={34} onClear={onClear}>
      <span role="status">{plural(count, "image")} chosen</span>
      <Button size="xs" rightSection={<Kbd size="xs">Enter</Kbd>} onClick={onReview}>
        Look through and label
      </Button>
    </FloatingBar>
  );
}
