import { createTheme, Drawer, Modal, type MantineColorsTuple } from "@mantine/core";

const sea: MantineColorsTuple = [
  "#e6f7f4", "#cfece6", "#a1d9ce", "#6fc5b5", "#48b5a1", "#2fab94", "#1f9a85", "#0d7a6b", "#056357", "#004c43",
];

/** Dialogues: the cross has a name, and their head is no second banner of the page. */
const overlay = { closeButtonProps: { "aria-label": "Close" }, attributes: { header: { role: "presentation" } } };

export const theme = createTheme({
  primaryColor: "sea",
  // White letters on a lighter shade could not be read, in the dark either.
  primaryShade: 7,
  autoContrast: true,
  colors: { sea },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  headings: { fontWeight: "650" },
  components: {
    Modal: Modal.extend({ defaultProps: overlay }),
    Drawer: Drawer.extend({ defaultProps: overlay }),
  },
});
