// The file tools of one workspace, as a list. Called by src/wiring/models.ts.
import type { Tool } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import type { Ids } from '../infra/ids.ts';
import { editTool } from './edit.ts';
import type { Hidden } from './inside.ts';
import { listTool } from './list.ts';
import { readTool } from './read.ts';
import { searchTool } from './search.ts';
import { writeTool } from './write.ts';

export interface FileToolsParts {
  readonly clock: Clock;
  readonly ids: Ids;
  /** What stays closed although it lies in the workspace. */
  readonly hidden?: readonly Hidden[];
}

/** @param workspace absolute path of an existing folder; nothing outside it is read or written */
export function fileTools(workspace: string, { clock, ids, hidden = [] }: FileToolsParts): readonly Tool[] {
  return [
    readTool(workspace, hidden),
    listTool(workspace, hidden),
    searchTool(workspace, { clock, hidden }),
    writeTool(workspace, ids, hidden),
    editTool(workspace, ids, hidden),
  ];
}
