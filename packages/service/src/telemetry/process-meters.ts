import type { Meter } from '@opentelemetry/api';

/** What the process takes of the machine. Looked at only when somebody reads the metrics. */
export function watchProcess(meter: Meter): void {
  const watch = (name: string, description: string, value: () => number): void => {
    meter.createObservableGauge(name, { description }).addCallback((result) => result.observe(value()));
  };
  let before = performance.eventLoopUtilization();
  meter
    .createObservableCounter('process_cpu_seconds', { description: 'Processor time, of all threads.' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  watch('process_resident_memory_bytes', 'Memory that the process holds.', () => process.memoryUsage.rss());
  watch('nodejs_heap_used_bytes', 'Memory that JavaScript uses.', () => process.memoryUsage().heapUsed);
  watch('nodejs_eventloop_utilization', 'Share of the time since the last reading in which it was busy.', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  });
}
