import "@fontsource-variable/inter";
// In a layer, so that the page's own styles win in whatever order its chunks arrive.
import "@mantine/core/styles.layer.css";
import "@mantine/notifications/styles.layer.css";
import "./page.css";

import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { askWhenTurnedTo } from "./api/focus";
import { makeQueryClient } from "./api/queryClient";
import { theme } from "./theme";
import { App } from "./views/App";
import { SessionGate } from "./views/SessionGate";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root to draw into");

askWhenTurnedTo();
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="bottom-left" limit={4} />
      <QueryClientProvider client={makeQueryClient()}>
        <SessionGate>
          <App />
        </SessionGate>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
