// As much of Electron's types as docs/electron.md uses: its package is a download of a browser.

declare module "electron" {
  interface WebContents {
    send(channel: string, told: unknown): void;
    isDestroyed(): boolean;
    once(event: "destroyed", listener: () => void): this;
  }
  export const app: {
    isPackaged: boolean;
    getPath(name: "logs"): string;
    getName(): string;
    getVersion(): string;
    on(event: "will-quit", listener: (event: { preventDefault(): void }) => void): void;
    quit(): void;
    whenReady(): Promise<void>;
  };
  export class BrowserWindow {
    constructor(options: { webPreferences: { preload: string; sandbox: boolean } });
    loadFile(path: string): Promise<void>;
  }
  export const ipcMain: {
    handle(
      channel: string,
      listener: (event: { sender: WebContents }, ...args: unknown[]) => unknown,
    ): void;
  };
  export const ipcRenderer: {
    invoke(channel: string, ...args: unknown[]): Promise<unknown>;
    on(channel: string, listener: (event: unknown, ...args: unknown[]) => void): void;
  };
  export const contextBridge: { exposeInMainWorld(name: string, api: object): void };
}

declare namespace NodeJS {
  interface Process {
    resourcesPath: string;
  }
}
