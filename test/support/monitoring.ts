import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './cli.js';

export const monitoringFolder = join(projectRoot, 'examples/monitoring');

export interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets: { refId: string; expr: string }[];
}

export interface Dashboard {
  uid: string;
  title: string;
  schemaVersion: number;
  templating: { list: { name: string; type: string; definition?: string }[] };
  panels: Panel[];
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(join(monitoringFolder, 'dashboard.json'), 'utf8'));
}

/** The queries of all panels as Grafana sends them, with everything selected. */
export function dashboardQueries({ panels }: Dashboard): { panel: string; expr: string }[] {
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({
      panel: title,
      expr: expr.replace(/\$(?:instance|domain)\b/g, '.*').replaceAll('$__rate_interval', '5m'),
    })),
  );
}
