import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false, // keeps Rust's errors on the screen
  server: { port: 5173, strictPort: true }, // tauri.conf.json names the port
});
