import { createTheme, type MantineColorsTuple } from "@mantine/core";

const sea: MantineColorsTuple = [
  "#e6f7f4", "#cfece6", "#a1d9ce", "#6fc5b5", "#48b5a1", "#2fab94", "#1f9a85", "#0d7a6b", "#056357", "#004c43",
];

export const theme = createTheme({
  primaryColor: "sea",
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  colors: { sea },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  headings: { fontWeight: "650" },
});
