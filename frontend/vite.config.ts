import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

import api from "./openapi.json";

const service = process.env.HANDFUL_URL ?? "http://127.0.0.1:8000";

// The API lives at the root of the page's own origin, so development forwards each of its paths.
const roots = new Set(Object.keys(api.paths).map((path) => path.split("/")[1]));
const apiPaths = `^/(${[...roots].join("|")}|openapi.json)`;

export default defineConfig({
  plugins: [react()],
  server: { proxy: { [apiPaths]: { target: service } } },
  // One page, served by the service next to it: few chunks save round trips and cost no cache. Beside
  // it stands the description of the API, which is large and loaded by nothing else.
  build: {
    outDir: "dist",
    assetsDir: "assets",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1700,
    rolldownOptions: { input: ["index.html", "docs/index.html"] },
  },
  // A busy machine is slow, not wrong.
  test: { environment: "node", include: ["src/**/*.test.ts"], testTimeout: 90_000 },
});
