using System.Diagnostics.Metrics;
using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>Parts of the core for tests that ignore metrics and, unless they pass them, troubles.</summary>
public static class Unobserved
{
    /// <summary>An operator's log that discards everything.</summary>
    public static IOperatorLog Log { get; } = new NoLog();

    /// <summary>Shared by all: the runtime keeps meters until they are disposed.</summary>
    public static FopWatchMetrics Metrics { get; } = new(new NoMeters(), TimeProvider.System);

    /// <summary>Ignores committed events.</summary>
    public static ICommittedEvents Events { get; } = new NoEvents();

    public static Troubles Troubles(TimeProvider time) => new(Log, time);

    public static Poller Poller(
        Sources sources, IJobStore store, IStatusApi statusApi, JobRecorder recorder, TimeProvider time, Troubles? troubles = null, Random? random = null) =>
        new(sources, store, statusApi, recorder, troubles ?? Troubles(time), Metrics, time, random ?? new(1));

    public static OutboxDispatcher Dispatcher(IOutbox outbox, IEventPublisher publisher, TimeProvider time, Troubles? troubles = null) =>
        new(outbox, publisher, troubles ?? Troubles(time), Metrics, time);

    public static CommitObserver Observer(
        IWatchRunner watches, ICommittedEvents events, OutcomeWaiters waiters, JobReferences references, TimeProvider time, IOperatorLog? log = null) =>
        new(watches, events, waiters, references, log ?? Log, Metrics, time);

    public static NotificationIntake Intake(FopWatchSettings settings, JobRecorder recorder, IQuarantine quarantine, IDueIndex due, TimeProvider time) =>
        new(settings.Sources, recorder, quarantine, new(quarantine, due, time), settings, Troubles(time), Metrics, time);

    public static Sweeper Sweeper(
        Sources sources, IJobStore store, IDueIndex due, IOutbox outbox, IQuarantine quarantine, JobRecorder recorder, TimeProvider time) =>
        new(store, outbox, quarantine, recorder, new(sources, store, due, recorder, new(), time), Metrics, time);

    private sealed class NoLog : IOperatorLog
    {
        public void Settled(Job job, JobReferences references)
        {
        }

        public void Warn(Trouble trouble)
        {
        }

        public void Over(Trouble trouble, TimeSpan lasted)
        {
        }
    }

    private sealed class NoEvents : ICommittedEvents
    {
        public void Committed(OutboxEvent committed)
        {
        }
    }

    private sealed class NoMeters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);

        public void Dispose()
        {
        }
    }
}
