using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Ports;

public sealed class MemoryJobStoreTests : JobStoreContract
{
    // Exactly one of many concurrent commits must win here too, although the suite runs on many threads.
    protected override ValueTask<IJobStore> OpenAsync() => new(new OneAtATime(new()));

    protected override ValueTask CloseAsync() => default;

    private sealed class OneAtATime(MemoryStore store) : IJobStore
    {
        private readonly Lock _lock = new();

        public JobReferences References => store.References;

        public ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) =>
            store.FindByReferenceAsync(source, reference, cancellationToken);

        public ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken)
        {
            lock (_lock)
                return store.FindAsync(key, cancellationToken);
        }

        public ValueTask<FoundJob> FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken)
        {
            lock (_lock)
                return store.FindForChangeAsync(key, origin, mayPresume, cancellationToken);
        }

        public ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken)
        {
            lock (_lock)
                return store.CommitAsync(commit, cancellationToken);
        }

        public ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken) =>
            store.SetAsideAsync(job, now, cancellationToken);

        public ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken) => store.ListAsync(query, cancellationToken);

        public ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) => store.PartsAsync(cancellationToken);

        public ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken) =>
            store.CountAsync(part, unwatched, cancellationToken);
    }
}

public sealed class MemoryStatisticsTests : StatisticsContract
{
    protected override IJobStore Jobs => throw new NotSupportedException();

    protected override ValueTask<IStatistics> OpenAsync() => new(new MemoryStatistics());

    protected override ValueTask CloseAsync() => default;
}

public sealed class MemoryJobListTests : JobListContract
{
    protected override ValueTask<IJobStore> OpenAsync() => new(new MemoryStore());

    protected override ValueTask CloseAsync() => default;
}

public sealed class MemoryJobBooksTests : JobBooksContract
{
    protected override ValueTask<IJobStore> OpenAsync() => new(new MemoryStore());

    protected override ValueTask CloseAsync() => default;
}

public sealed class MemoryTombstoneTests : TombstoneContract
{
    private readonly MemoryStore _store = new();

    protected override ValueTask<IJobStore> OpenAsync() => new(_store);

    protected override ValueTask CloseAsync() => default;

    protected override Task<int> PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now) => Task.FromResult(_store.Purge(settledBefore, now));

    protected override ValueTask<IJobStore> AtAsync(DateTimeOffset now) => new(_store);
}

public sealed class MemoryDueIndexTests : DueIndexContract
{
    private readonly MemoryStore _store = new();

    protected override IJobStore Jobs => _store;

    protected override ValueTask<IDueIndex> OpenAsync() => new(_store);

    protected override ValueTask CloseAsync() => default;
}

public sealed class MemoryOutboxTests : OutboxContract
{
    private readonly MemoryStore _store = new();

    protected override IJobStore Jobs => _store;

    protected override ValueTask<IOutbox> OpenAsync() => new(_store);

    protected override ValueTask CloseAsync() => default;
}

public sealed class MemoryQuarantineTests : QuarantineContract
{
    private readonly MemoryStore _store = new();

    protected override IJobStore Jobs => _store;

    protected override ValueTask<IQuarantine> OpenAsync() => new(_store);

    protected override ValueTask CloseAsync() => default;
}

public sealed class MemoryJobSearchTests : JobSearchContract
{
    protected override ValueTask<IJobStore> OpenAsync() => new(new MemoryStore());

    protected override ValueTask CloseAsync() => default;
}
