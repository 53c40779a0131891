using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Ports;

/// <summary>The store and the broker as seen by one process lifetime: every call waits for its turn, may fail, may crash the caller, and may lose its answer.</summary>
/// <param name="world">The simulated world.</param>
/// <param name="lifetime">The process lifetime.</param>
/// <param name="presuming">Decides which jobs are presumed to be new. It is separate from the world's random source, whose later values stay the same.</param>
/// <param name="found">Receives every job that is read; null to ignore them.</param>
internal sealed class ProcessPorts(SimulatedWorld world, ProcessLifetime lifetime, Random presuming, Action<Job?>? found = null) : IJobStore, IDueIndex, IOutbox, IQuarantine, IEventPublisher
{
    private readonly Dictionary<JobKey, StoredJob> _committed = [];

    private MemoryStore Store => world.Store;

    /// <summary>Presumes more boldly than any real store: its own last commits, and half of the other jobs to be new.</summary>
    public async ValueTask<FoundJob> FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken)
    {
        if (mayPresume && origin is not null)
        {
            if (_committed.TryGetValue(key, out var job))
                return new(job, IsPresumed: true);
            if (presuming.Next(2) == 0)
                return new(null, IsPresumed: true);
        }

        // In two steps, between which the job may be purged, like a store without snapshots.
        if (await FindAsync(key, cancellationToken) is { } stored)
            return new(stored);
        if (origin is not { } by || !Tombstone.KeepsOut(by))
            return new(null);
        return mayPresume ? new(null, IsPresumed: true) : new(null, WasPurged: await CallAsync(Call.Find, key.Id, () => new ValueTask<bool>(Store.HasTombstone(key))));
    }

    public ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken) => CallAsync(Call.Find, key.Id, () =>
    {
        found?.Invoke(Store.Peek(key));
        return Store.FindAsync(key, cancellationToken);
    });

    public JobReferences References => Store.References;

    public ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) =>
        CallAsync(Call.Find, null, () => Store.FindByReferenceAsync(source, reference, cancellationToken));

    public async ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken)
    {
        var etag = await CallAsync(Call.Commit, commit.Job.Key.Id, () => Store.CommitAsync(commit, cancellationToken));
        if (etag is null)
            _committed.Remove(commit.Job.Key);
        else
            _committed[commit.Job.Key] = new(commit.Job, etag) { IsIndexed = commit.Job.Watch.DueAt is not null };
        return etag;
    }

    public async ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken) =>
        await CallAsync(Call.Commit, job.Key.Id, async () =>
        {
            await Store.SetAsideAsync(job, now, cancellationToken);
            return true;
        });

    public ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken) =>
        CallAsync(Call.Find, "list", () => Store.ListAsync(query, cancellationToken));

    public ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) => Store.PartsAsync(cancellationToken);

    // In two steps, between which jobs change, like a store without snapshots.
    public async ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken)
    {
        var found = await CallAsync(Call.Unwatched, null, () => new ValueTask<IReadOnlyList<JobKey>>(Store.Unwatched(unwatched)));
        return new(await CallAsync(Call.Books, null, () => new ValueTask<IReadOnlyList<Books>>(Store.Books())), found);
    }

    public ValueTask<IReadOnlyList<DueJob>> DueAsync(
        string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken) =>
        CallAsync(Call.Due, source, () => Store.DueAsync(source, after, by, limit, cancellationToken));

    public ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken) =>
        CallAsync(Call.NextDue, source, () => Store.NextDueAsync(source, after, cancellationToken));

    public ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken) =>
        CallAsync(Call.Pending, null, () => Store.PendingAsync(limit, cancellationToken));

    public async ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken) =>
        await CallAsync(Call.Remove, null, async () =>
        {
            await Store.RemoveAsync(published, cancellationToken);
            return published.Count;
        });

    public async ValueTask SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken) =>
        await CallAsync(Call.Remove, null, async () =>
        {
            await Store.SetAsideAsync(refused, cancellationToken);
            return refused.Count;
        });

    public ValueTask<long> CountSetAsideAsync(CancellationToken cancellationToken) =>
        CallAsync(Call.Depth, null, () => Store.CountSetAsideAsync(cancellationToken));

    public ValueTask<(long Count, DateTimeOffset? Oldest)> DepthAsync(CancellationToken cancellationToken) =>
        CallAsync(Call.Depth, null, () => ((IOutbox)Store).DepthAsync(cancellationToken));

    public async ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken) =>
        await CallAsync(Call.Keep, notification.Source, async () =>
        {
            await Store.AddAsync(notification, cancellationToken);
            return true;
        });

    ValueTask<QuarantinedNotification?> IQuarantine.FindAsync(string key, CancellationToken cancellationToken) =>
        CallAsync(Call.Quarantine, null, () => ((IQuarantine)Store).FindAsync(key, cancellationToken));

    ValueTask<Page<QuarantinedNotification>> IQuarantine.ListAsync(IReadOnlyCollection<string>? sources, int top, string? continuation, CancellationToken cancellationToken) =>
        CallAsync(Call.Quarantine, null, () => ((IQuarantine)Store).ListAsync(sources, top, continuation, cancellationToken));

    async ValueTask IQuarantine.RemoveAsync(string key, CancellationToken cancellationToken) =>
        await CallAsync(Call.Quarantine, null, async () =>
        {
            await ((IQuarantine)Store).RemoveAsync(key, cancellationToken);
            return true;
        });

    public ValueTask<long> CountAsync(CancellationToken cancellationToken) =>
        CallAsync(Call.Quarantine, null, () => ((IQuarantine)Store).CountAsync(cancellationToken));

    public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        var publishing = CallAsync(Call.Publish, null, isHalf =>
        {
            var count = isHalf ? world.Scheduler.Random.Next(events.Count) : events.Count;
            for (var i = 0; i < count; i++)
                world.Broker.Publish(events[i]);
            return count;
        });

        // A caller who gives up does not know what the broker accepted.
        await publishing.AsTask().WaitAsync(cancellationToken);
    }

    private ValueTask<T> CallAsync<T>(Call call, string? subject, Func<ValueTask<T>> effect) =>
        CallAsync(call, subject, isHalf => isHalf ? default! : effect().AsTask().Result);

    /// <summary>One call. Its effect is atomic; other work may run before and after it.</summary>
    private async ValueTask<T> CallAsync<T>(Call call, string? subject, Func<bool, T> effect)
    {
        await world.Scheduler.TurnAsync(lifetime, world.Faults.Delay(call));
        var fault = world.Faults.Next(call);
        if (fault != Fault.None)
            world.Tally.Add(call, fault);
        if (fault is Fault.CrashBefore)
            await CrashAsync();
        if (fault == Fault.Fails)
        {
            Trace(call, subject, fault);
            throw Failure(call);
        }

        var result = effect(fault == Fault.Halfway);
        Trace(call, subject, fault, result);
        if (fault == Fault.CrashAfter)
            await CrashAsync();
        if (call == Call.Commit && result is null && fault == Fault.None)
            world.Tally.Add("conflicts met");

        // The answer takes time too.
        if (call is Call.Find or Call.Commit or Call.Publish or Call.Pending or Call.Due or Call.NextDue)
            await world.Scheduler.TurnAsync(lifetime, world.Faults.Delay(call));
        if (fault == Fault.AnswerLost || (fault == Fault.Halfway && call == Call.Publish))
            throw Failure(call);
        return result;
    }

    private Task CrashAsync()
    {
        lifetime.End();
        return ProcessLifetime.Never();
    }

    private void Trace(Call call, string? subject, Fault fault, object? result = null) => world.Scheduler.Trace.Add(
        world.Scheduler.Now,
        lifetime.Name,
        call.ToString(),
        subject,
        fault != Fault.None ? fault.ToString() : result is string etag ? etag : call == Call.Commit ? "refused" : null);

    private static Exception Failure(Call call) =>
        call == Call.Publish ? new IOException("The broker cannot be reached.") : new StoreUnavailableException("The store is down.");
}
