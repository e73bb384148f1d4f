// Where a packaged app has its daemon. Imports nothing of Electron, so it serves any packager.

import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import { OcrSidecarError } from "./errors.js";

export interface ResolveOptions {
  /** The folder below the resources, and the program in it. Default: `ocr-sidecar`. */
  name?: string;
  platform?: NodeJS.Platform;
}

const ARCHIVE = `${sep}app.asar${sep}`;

/**
 * Return the path of the daemon's program below `process.resourcesPath`, by packaging's
 * `extraResources`, or unpacked beside the archive. Throw with kind `spawn_failed`, naming the
 * places, where there is none.
 */
export function resolveSidecar(resourcesPath: string, options: ResolveOptions = {}): string {
  const { name = "ocr-sidecar", platform = process.platform } = options;
  const file = platform === "win32" ? `${name}.exe` : name;
  const places = [
    join(resourcesPath, name, file),
    join(resourcesPath, file),
    join(resourcesPath, "app.asar.unpacked", name, file),
  ];
  const found = places.find((place) => existsSync(place));
  if (found !== undefined) return found;
  const message = `There is no ${file}; looked for ${places.join(", ")}`;
  throw OcrSidecarError.client("spawn_failed", message);
}

/**
 * The path of a file that was unpacked from the archive, for a path that leads into it: no program
 * can be started from within an archive, though Electron shows its files to Node.
 */
export function unpacked(path: string): string {
  return path.replace(ARCHIVE, `${sep}app.asar.unpacked${sep}`);
}
