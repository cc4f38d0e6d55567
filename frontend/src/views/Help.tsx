import { Box, Group, Kbd, Modal, Table, Text } from "@mantine/core";

import { SectionTitle } from "../components/SectionTitle";

type Keys = [string[], string][];

const everywhere: Keys = [
  [["1", "…", "9", "A", "…"], "Label as the class with that key"],
  [["Enter"], "Accept the prediction"],
  [["Backspace"], "Remove the label"],
  [["←", "↑", "→", "↓"], "Move; with Shift, select on the way"],
  [["Space"], "Select the image in focus, or not"],
  [["Ctrl", "A"], "Select all of the list"],
  [["Esc"], "Clear the selection"],
  [["Ctrl", "Z"], "Undo; with Shift, redo"],
  [["."], "New suggestions, or sort again"],
  [["+"], "New class"],
  [["Ctrl", "V"], "Try the picture in the clipboard"],
  [["?"], "This help"],
];

const onTheMap: Keys = [
  [["←", "↑", "→", "↓"], "Go to the nearest image that way"],
  [["Shift", "drag"], "Draw around images; or switch to Lasso"],
  [["Enter"], "Look through the images drawn around"],
  [["Space"], "Look through what is most like the open image"],
  [["Esc"], "Let go of the images, or close the open one"],
];

const inReview: Keys = [
  [["Space"], "Take the image out, or back in"],
  [["1", "…"], "Label all that are in, as the class with that key"],
  [["Esc"], "Back without labelling"],
];

export function Help({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Keyboard and mouse" size="md" centered>
      <KeyTable keys={everywhere} />
      <Text size="sm" c="var(--soft-ink)" mt="md">
        With the mouse: click an image, Shift-click for a row of them, Ctrl-click to add one, drag a box around many. Drop files or
        folders anywhere to add them, or on a class to add them as its examples.
      </Text>
      <Section title="On the map" keys={onTheMap} />
      <Section title="Looking through many before they are labelled" keys={inReview} />
    </Modal>
  );
}

function Section({ title, keys }: { title: string; keys: Keys }) {
  return (
    <Box component="section" mt="lg">
      <SectionTitle>{title}</SectionTitle>
      <KeyTable keys={keys} />
    </Box>
  );
}

function KeyTable({ keys }: { keys: Keys }) {
  return (
    <Table verticalSpacing={6}>
      <Table.Tbody>
        {keys.map(([caps, meaning]) => (
          <Table.Tr key={meaning}>
            <Table.Td w={170}>
              <Group gap={4}>
                {caps.map((cap, index) => (cap === "…" ? <span key={index}>…</span> : <Kbd key={index}>{cap}</Kbd>))}
              </Group>
            </Table.Td>
            <Table.Td>{meaning}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
