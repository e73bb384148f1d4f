// The daemon's own types; an app of yours copies that file.
export type * from "../../../../clients/typescript/src/protocol";
