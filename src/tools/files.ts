// The file tools of one workspace, as a list. Called by app.ts once per agent workspace.
import type { Tool } from '../core/tool.ts';
import type { Clock } from '../infra/clock.ts';
import type { Ids } from '../infra/ids.ts';
import { editTool } from './edit.ts';
import { listTool } from './list.ts';
import { readTool } from './read.ts';
import { searchTool } from './search.ts';
import { writeTool } from './write.ts';

/** @param workspace absolute path of an existing folder; nothing outside it is read or written */
export function fileTools(workspace: string, parts: { readonly clock: Clock; readonly ids: Ids }): readonly Tool[] {
  return [
    readTool(workspace),
    listTool(workspace),
    searchTool(workspace, { clock: parts.clock }),
    writeTool(workspace, parts.ids),
    editTool(workspace, parts.ids),
  ];
}
