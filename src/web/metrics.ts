// Numbers for Prometheus, in its text format (prometheus.io/docs/instrumenting/exposition_formats). Called by server.ts. Pure.
import type { StatusView } from '../core/services.ts';
import type { Usage } from '../core/session.ts';
import type { Counted, Labels } from '../infra/meters.ts';

export interface MetricFacts {
  readonly status: StatusView;
  readonly healthy: boolean;
  readonly counted: Counted;
  /** Of today, by agent. */
  readonly spent: readonly { readonly id: string; readonly usage: Usage }[];
  /** Runs that have not ended, by status. */
  readonly runs: Readonly<Record<string, number>>;
  readonly questions: number;
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
  readonly samples: readonly { readonly labels?: Labels; readonly value: number }[];
}

export function metricsText(facts: MetricFacts): string {
  return [...processMetrics(facts), ...workMetrics(facts), ...counters(facts), ...spending(facts)]
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, help, type, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(({ labels = {}, value }) => `${name}${labelsText(labels)} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function processMetrics({ status, healthy, startedAt, residentBytes, cpuSeconds }: MetricFacts): readonly Metric[] {
  return [
    gauge('switchyard_build_info', 'Always 1; the label says the version.', 1, { version: status.version }),
    gauge('switchyard_healthy', '1 while nothing keeps the process from being healthy.', Number(healthy)),
    gauge('switchyard_start_time_seconds', 'Start of the process, Unix time in seconds.', startedAt / 1000),
    gauge('switchyard_draining', '1 while the process is stopping.', Number(status.draining)),
    gauge('process_resident_memory_bytes', 'Memory in use, in bytes.', residentBytes),
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time used, in seconds.',
      type: 'counter',
      samples: [{ value: cpuSeconds }],
    },
    {
      name: 'switchyard_channel_connected',
      help: '1 while the account of a channel is connected.',
      type: 'gauge',
      samples: status.channels.map(({ id, state }) => {
        const [channel = id, account = 'default'] = id.split(':');
        return { labels: { channel, account }, value: Number(state === 'connected') };
      }),
    },
  ];
}

function workMetrics({ status, runs, questions }: MetricFacts): readonly Metric[] {
  const ofLanes = (name: string, help: string, key: 'active' | 'width' | 'waiting'): Metric => ({
    ...{ name, help, type: 'gauge' },
    samples: status.lanes.map((lane) => ({ labels: { lane: lane.name }, value: lane[key] })),
  });
  return [
    ofLanes('switchyard_lane_active_turns', 'Turns that hold a place of the lane.', 'active'),
    ofLanes('switchyard_lane_places', 'Places of the lane.', 'width'),
    ofLanes('switchyard_lane_waiting_turns', 'Turns that wait for a place of the lane.', 'waiting'),
    {
      name: 'switchyard_active_runs',
      help: 'Runs that have not ended, by status.',
      type: 'gauge',
      samples: ['queued', 'running', 'waiting'].map((name) => ({ labels: { status: name }, value: runs[name] ?? 0 })),
    },
    {
      name: 'switchyard_outbox_messages',
      help: 'Outgoing messages that wait (pending), or were given up or may not have arrived (undelivered).',
      type: 'gauge',
      samples: (['pending', 'undelivered'] as const).map((state) => ({
        labels: { state },
        value: status.outbox[state],
      })),
    },
    gauge('switchyard_open_approvals', 'Questions of agents that wait for a person.', questions),
  ];
}

const counted: Readonly<Record<string, { readonly name: string; readonly help: string }>> = {
  messages_received: { name: 'switchyard_messages_received_total', help: 'Messages that channels handed in.' },
  messages_sent: {
    name: 'switchyard_messages_sent_total',
    help: 'Outgoing messages that ended, by how: delivered, skipped, ambiguous or undelivered.',
  },
  runs_ended: { name: 'switchyard_runs_ended_total', help: 'Runs that ended, by how.' },
};

function counters(facts: MetricFacts): readonly Metric[] {
  return Object.entries(counted).map(([key, { name, help }]) => ({
    ...{ name, help, type: 'counter' },
    samples: facts.counted[key] ?? [],
  }));
}

function spending({ spent }: MetricFacts): readonly Metric[] {
  return [
    {
      name: 'switchyard_day_tokens',
      help: 'Tokens used since midnight UTC, by agent and direction.',
      type: 'gauge',
      samples: spent.flatMap(({ id, usage }) => [
        { labels: { agent: id, direction: 'input' }, value: usage.input },
        { labels: { agent: id, direction: 'output' }, value: usage.output },
      ]),
    },
    {
      name: 'switchyard_day_cost_dollars',
      help: 'US dollars spent since midnight UTC, by agent; an agent whose price is not known is left out.',
      type: 'gauge',
      samples: spent.flatMap(({ id, usage }) =>
        usage.costUsd === null ? [] : [{ labels: { agent: id }, value: usage.costUsd }],
      ),
    },
  ];
}

function gauge(name: string, help: string, value: number, labels: Labels = {}): Metric {
  return { name, help, type: 'gauge', samples: [{ labels, value }] };
}

function labelsText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
