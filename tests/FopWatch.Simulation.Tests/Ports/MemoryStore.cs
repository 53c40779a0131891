using System.Globalization;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Ports;

/// <summary>How a store breaks its promises, to test whether that is detected.</summary>
internal enum BrokenPromise
{
    None,

    /// <summary>It accepts a commit on an outdated version.</summary>
    IgnoresVersions,

    /// <summary>It confirms a job without keeping it.</summary>
    ForgetsJobs,

    /// <summary>It commits the job without its event.</summary>
    ForgetsEvents,

    /// <summary>It commits the job without its row in the due index.</summary>
    ForgetsDueRows,

    /// <summary>It loses events in the outbox when they are read.</summary>
    EmptiesOutbox,

    /// <summary>It does not keep quarantined notifications.</summary>
    ForgetsQuarantine,
}

/// <summary>
/// A store in memory that keeps every promise of its ports. The process lifetimes of a history share it, and it outlasts them. Not
/// thread-safe. It passes the contracts of the real stores.
/// </summary>
/// <param name="now">Returns the time; null for the machine's.</param>
internal sealed class MemoryStore(Func<DateTimeOffset>? now = null) : IJobStore, IDueIndex, IOutbox, IQuarantine
{
    private readonly Dictionary<JobKey, Row> _jobs = [];
    private readonly List<OutboxEvent> _outbox = [];
    private readonly SortedDictionary<string, QuarantinedNotification> _quarantine = new(StringComparer.Ordinal);
    private readonly Dictionary<JobKey, DateTimeOffset> _tombstones = [];
    private long _sequence;

    private DateTimeOffset Now => now?.Invoke() ?? DateTimeOffset.UtcNow;

    public BrokenPromise BrokenPromise { get; set; }

    /// <summary>Receives every accepted commit, with the job before it.</summary>
    public Action<Job?, JobCommit>? Committed { get; set; }

    /// <summary>Receives every event removed from the outbox.</summary>
    public Action<OutboxEvent>? Removed { get; set; }

    /// <summary>The exception of a query for due jobs; null for none.</summary>
    public Exception? DueFails { get; set; }

    /// <summary>All jobs, the first registered first.</summary>
    public IEnumerable<Job> Jobs => _jobs.Values.Select(row => row.Job);

    public IReadOnlyList<OutboxEvent> Outbox => _outbox;

    public IEnumerable<QuarantinedNotification> Quarantine => _quarantine.Values;

    public Job? Peek(JobKey key) => _jobs.GetValueOrDefault(key)?.Job;

    /// <summary>The due time in the due index; null if the job is not there.</summary>
    public DateTimeOffset? IndexedAt(JobKey key) => _jobs.GetValueOrDefault(key)?.DueAt;

    /// <summary>Loses a job's row in the due index, which no commit does.</summary>
    public void LoseDueRow(JobKey key) => _jobs[key].DueAt = null;

    public JobReferences References { get; } = new(Enumerable.Range(0, JobReferences.KeyLength).Select(i => (byte)i).ToArray());

    public ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) =>
        new(Jobs.FirstOrDefault(job => (source is null || job.Key.Source == source) && References.Of(job.Key) == reference));

    /// <summary>Called for every lookup of a job. An exception makes the lookup fail.</summary>
    public Action<JobKey>? Finding { get; set; }

    public ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken)
    {
        Finding?.Invoke(key);
        return new(!_jobs.TryGetValue(key, out var row) ? null
            : row.Problem is { } problem ? throw new UnreadableJobException(new UnreadableJob(key, row.ETag!, problem))
            : new StoredJob(row.Job, row.ETag!) { IsIndexed = row.DueAt is not null });
    }

    public async ValueTask<FoundJob> FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken) =>
        await FindAsync(key, cancellationToken) is { } stored ? new(stored)
        : origin is { } by && Tombstone.KeepsOut(by) ? new(null, WasPurged: !mayPresume && HasTombstone(key), IsPresumed: mayPresume)
        : new(null);

    public bool HasTombstone(JobKey key) => _tombstones.ContainsKey(key);

    /// <summary>Deletes jobs that settled before a time, like the purges of the real stores.</summary>
    /// <returns>The number of deleted jobs.</returns>
    public int Purge(DateTimeOffset settledBefore, DateTimeOffset purgedAt)
    {
        foreach (var (key, _) in _tombstones.Where(one => one.Value < purgedAt - Tombstone.Lifetime).ToList())
            _tombstones.Remove(key);
        var old = _jobs.Values
            .Where(row => row.Job.IsSettled && (row.Job.SettledAt ?? row.Job.UpdatedAt) < settledBefore && row.DueAt is null && _outbox.TrueForAll(one => one.Key != row.Job.Key))
            .Select(row => row.Job)
            .ToList();
        foreach (var job in old)
        {
            _jobs.Remove(job.Key);
            if (Tombstone.IsLeftBy(job.State))
                _tombstones[job.Key] = purgedAt;
        }

        return old.Count;
    }

    /// <summary>Damages a job's document, or repairs it.</summary>
    public void Damage(JobKey key, string? problem) => _jobs[key].Problem = problem;

    public ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (_jobs.TryGetValue(job.Key, out var row) && row.ETag == job.ETag && (row.DueAt is not null || row.Job is { IsSettled: false, WatchStatus: not WatchStatus.Stopped }))
            row.DueAt = now + SetAside.Wait(++row.SetAside);
        return default;
    }

    /// <summary>The exception of every commit; null for none.</summary>
    public Exception? Refuses { get; set; }

    /// <summary>How many of the next commits conflict with another writer.</summary>
    public int Conflicts { get; set; }

    public ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (Refuses is { } refuses)
            throw refuses;
        return new(Conflicts > 0 && Conflicts-- > 0 ? null : Commit(commit));
    }

    public ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Top, JobQuery.MaxTop);
        var after = query.Continuation is null ? ((long, long)?)null : ReadContinuation(query.Continuation);
        var rows = _jobs.Values
            .Where(row => query.Matches(row.Job)
                && (after is null || row.Position.CompareTo(after.Value) < 0))
            .OrderByDescending(row => row.Position)
            .Take(query.Top + 1)
            .ToList();
        var page = rows.Take(query.Top).Where(row => row.Problem is null).Select(row => row.Job).ToList();
        var unreadable = rows.Take(query.Top).Where(row => row.Problem is not null).Select(row => References.Of(row.Job.Key)).ToList();
        return new(new Page<Job>(page, rows.Count > query.Top ? Continuation(rows[query.Top - 1].Position) : null) { Unreadable = unreadable });
    }

    /// <summary>The parts in which jobs are counted. All jobs are in the first.</summary>
    public IReadOnlyList<BooksPart> Parts { get; set; } = [new("", [], null)];

    /// <summary>Receives every counted part.</summary>
    public Action<string>? Counting { get; set; }

    public ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) => new(Parts);

    public ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken)
    {
        Counting?.Invoke(part);
        return new(part == Parts[0].Name ? new BooksCount(Books(), Unwatched(unwatched)) : new BooksCount([], []));
    }

    public IReadOnlyList<Books> Books() =>
    [
        .. _jobs.Values.GroupBy(row => row.Job.Key.Source, StringComparer.Ordinal).OrderBy(of => of.Key, StringComparer.Ordinal).Select(of => new Books(
            of.Key,
            of.Count(),
            of.Count(row => row.Job.HasOutcome),
            of.Count(row => row.Job is { IsSettled: true, HasOutcome: false } && (row.DueAt is not null || row.Job.Watch.DueAt is null)),
            of.Count(row => !row.Job.IsSettled && row.DueAt is not null),
            of.Count(row => !row.Job.IsSettled && row.DueAt is null && row.Job.WatchStatus == WatchStatus.Stopped))),
    ];

    public IReadOnlyList<JobKey> Unwatched(int limit) =>
    [
        .. _jobs.Values.Where(row => row.DueAt is null && row.Job.WatchStatus != WatchStatus.Stopped && (!row.Job.IsSettled || row.Job.Watch.DueAt is not null)).Take(limit).Select(row => row.Job.Key),
    ];

    public ValueTask<IReadOnlyList<DueJob>> DueAsync(
        string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken) => DueFails is { } failure ? throw failure : new(
    [
        .. _jobs.Values
            .Where(row => row.Job.Key.Source == source && row.DueAt <= by)
            .Select(row => new DueJob(row.Job.Key, row.DueAt!.Value))
            .Where(job => after is not { } last || Compare(job, last) > 0)
            .Order(Comparer<DueJob>.Create(Compare))
            .Take(limit),
    ]);

    private static int Compare(DueJob a, DueJob b) =>
        a.DueAt == b.DueAt ? string.CompareOrdinal(a.Key.Id, b.Key.Id) : a.DueAt.CompareTo(b.DueAt);

    public ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken) =>
        new(_jobs.Values.Where(row => row.Job.Key.Source == source && row.DueAt > after).Min(row => row.DueAt));

    public ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken)
    {
        var turns = new OutboxTurns(Now);
        var pending = _outbox.Where(one => turns.Admits(one.Key, one.Refusals, one.RetryAt)).Take(limit).ToList();
        if (BrokenPromise == BrokenPromise.EmptiesOutbox)
            Remove(pending);
        return new(pending);
    }

    public ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken)
    {
        Remove(published);
        return default;
    }

    public ValueTask SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken)
    {
        foreach (var one in refused)
        {
            var place = _outbox.FindIndex(other => other.Key == one.Key && other.Version == one.Version);
            if (place >= 0)
                _outbox[place] = _outbox[place] with { Refusals = one.Refusals, RetryAt = one.RetryAt };
        }

        return default;
    }

    public ValueTask<long> CountSetAsideAsync(CancellationToken cancellationToken) => new(_outbox.Count(one => one.Refusals > 0));

    ValueTask<(long Count, DateTimeOffset? Oldest)> IOutbox.DepthAsync(CancellationToken cancellationToken) =>
        new((Math.Min(_outbox.Count, IOutbox.MostCounted), _outbox.Count == 0 ? null : _outbox[0].Time));

    public ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken)
    {
        if (BrokenPromise != BrokenPromise.ForgetsQuarantine)
            _quarantine.TryAdd(notification.Key, notification with { Body = notification.Body.ToArray() });
        return default;
    }

    ValueTask<QuarantinedNotification?> IQuarantine.FindAsync(string key, CancellationToken cancellationToken) => new(_quarantine.GetValueOrDefault(key));

    ValueTask<Page<QuarantinedNotification>> IQuarantine.ListAsync(IReadOnlyCollection<string>? sources, int top, string? continuation, CancellationToken cancellationToken)
    {
        var before = continuation is null ? null : continuation.StartsWith("k:", StringComparison.Ordinal) ? continuation[2..] : throw new FormatException();
        var found = _quarantine.Values.Reverse()
            .Where(one => (sources is null || sources.Contains(one.Source)) && (before is null || string.CompareOrdinal(one.Key, before) < 0))
            .Take(top + 1)
            .ToList();
        return new(new Page<QuarantinedNotification>([.. found.Take(top)], found.Count > top ? "k:" + found[top - 1].Key : null));
    }

    ValueTask IQuarantine.RemoveAsync(string key, CancellationToken cancellationToken)
    {
        _quarantine.Remove(key);
        return default;
    }

    ValueTask<long> IQuarantine.CountAsync(CancellationToken cancellationToken) => new(_quarantine.Count);

    private void Remove(IReadOnlyList<OutboxEvent> published)
    {
        foreach (var gone in published)
        {
            if (_outbox.RemoveAll(one => one.Key == gone.Key && one.Version == gone.Version) > 0)
                Removed?.Invoke(gone);
        }
    }

    private string? Commit(JobCommit commit)
    {
        var row = _jobs.GetValueOrDefault(commit.Job.Key);
        if (commit.ETag != row?.ETag && BrokenPromise != BrokenPromise.IgnoresVersions)
        {
            // The last commit repeated, by a caller who did not get its answer.
            return row is not null && commit.ETag == row.ETagBefore && commit.Job == row.Job ? row.ETag : null;
        }

        if (row is null && Tombstone.KeepsOut(commit.Job.Origin) && HasTombstone(commit.Job.Key))
            return null;

        var before = row?.Job;
        if (BrokenPromise == BrokenPromise.ForgetsJobs && before is not null)
            return commit.ETag + "'";
        if (row is null)
            _jobs[commit.Job.Key] = row = new() { Position = (commit.Job.RegisteredAt.UtcTicks, ++_sequence) };
        row.ETagBefore = commit.ETag;
        row.ETag = string.Create(CultureInfo.InvariantCulture, $"{row.Position.Sequence}-{++row.Revision}");
        row.Job = commit.Job;
        row.SetAside = 0;
        row.DueAt = BrokenPromise == BrokenPromise.ForgetsDueRows ? null : commit.Job.Watch.DueAt;
        if (commit.Event is { } committed && BrokenPromise != BrokenPromise.ForgetsEvents)
        {
            // The oldest first, but those of one job in the order of versions, whatever the clocks said.
            var place = _outbox.Count;
            while (place > 0 && _outbox[place - 1].Time > committed.Time && _outbox[place - 1].Key != committed.Key)
                place--;
            _outbox.Insert(place, committed);
        }

        Committed?.Invoke(before, commit);
        return row.ETag;
    }

    private static string Continuation((long RegisteredAt, long Sequence) position) =>
        string.Create(CultureInfo.InvariantCulture, $"j:{position.RegisteredAt}:{position.Sequence}");

    private static (long RegisteredAt, long Sequence) ReadContinuation(string text) =>
        text.Split(':') is ["j", var time, var sequence]
        && long.TryParse(time, CultureInfo.InvariantCulture, out var registeredAt)
        && long.TryParse(sequence, CultureInfo.InvariantCulture, out var number)
            ? (registeredAt, number)
            : throw new FormatException();

    private sealed class Row
    {
        public Job Job { get; set; } = null!;

        public string? ETag { get; set; }

        public string? ETagBefore { get; set; }

        public long Revision { get; set; }

        public DateTimeOffset? DueAt { get; set; }

        public string? Problem { get; set; }

        public int SetAside { get; set; }

        public (long RegisteredAt, long Sequence) Position { get; init; }
    }
}
