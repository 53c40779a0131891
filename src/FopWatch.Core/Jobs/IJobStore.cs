using FopWatch.Publishing;

namespace FopWatch.Jobs;

/// <summary>A job as it is stored.</summary>
/// <param name="Job">The job.</param>
/// <param name="ETag">What it has to be committed with; changes with every commit.</param>
public sealed record StoredJob(Job Job, string ETag)
{
    /// <summary>Whether it is in the due index.</summary>
    public bool IsIndexed { get; init; }
}

/// <summary>One atomic write: the job, its row in the due index and the event that the change produced.</summary>
/// <param name="Job">The job as it is to be. Its <see cref="Job.Watch"/> says where it belongs in the due index.</param>
/// <param name="ETag">The version that the change was decided on; null if the job is not to exist yet.</param>
/// <param name="Event">The event to be put into the outbox, or null.</param>
public sealed record JobCommit(Job Job, string? ETag, OutboxEvent? Event);

/// <summary>What a change of a job is decided on.</summary>
/// <param name="Job">The job; null for none.</param>
/// <param name="WasPurged">Whether there is to be none, because the id has a <see cref="Tombstone"/>.</param>
/// <param name="IsPresumed">Whether some of this was not looked up. A commit that is based on it returns null if it is wrong.</param>
public readonly record struct FoundJob(StoredJob? Job, bool WasPurged = false, bool IsPresumed = false);

/// <summary>One page of a list.</summary>
/// <typeparam name="T">What is listed.</typeparam>
/// <param name="Elements">The elements; may be fewer than asked for, with more to come.</param>
/// <param name="Continuation">What the next page is asked for with; null after the last, which nothing else tells.</param>
public sealed record Page<T>(IReadOnlyList<T> Elements, string? Continuation)
{
    /// <summary>What belongs into the page and cannot be read: the references of jobs, the keys of notifications.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];
}

/// <summary>How many jobs of a source are where. At any time, registered = settled + expired + open + stopped.</summary>
/// <param name="Source">The source.</param>
/// <param name="Registered">All jobs that were ever committed and not purged, counted as they are created.</param>
/// <param name="Settled">Those with an outcome of the provider's.</param>
/// <param name="Expired">Those that FopWatch gave up on, watched again or not.</param>
/// <param name="Open">Those that are not settled and are in the due index.</param>
/// <param name="Stopped">Those that are not settled and that somebody stopped watching.</param>
public sealed record Books(string Source, long Registered, long Settled, long Expired, long Open, long Stopped)
{
    /// <summary>Jobs that nothing will ever settle; not 0 means that FopWatch or its store has a fault.</summary>
    public long Unaccounted => Registered - Settled - Expired - Open - Stopped;

    /// <summary>These and others of the same source.</summary>
    public Books Plus(Books other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return this with
        {
            Registered = Registered + other.Registered,
            Settled = Settled + other.Settled,
            Expired = Expired + other.Expired,
            Open = Open + other.Open,
            Stopped = Stopped + other.Stopped,
        };
    }
}

/// <summary>A part of a store whose jobs are counted at once. A job is always in the same part.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Books">What was counted in it last; empty if it was never counted, or has no jobs.</param>
/// <param name="CountedAt">When; null for never.</param>
public sealed record BooksPart(string Name, IReadOnlyList<Books> Books, DateTimeOffset? CountedAt)
{
    /// <summary>The source whose jobs it has; null if it has those of every source.</summary>
    public string? Source { get; init; }
}

/// <summary>What was counted in a part of a store.</summary>
/// <param name="Books">Its books, by source.</param>
/// <param name="Unwatched">
/// Some of the jobs that are to be watched, or are not settled and not stopped, and are not in the due index. There should be none.
/// </param>
public sealed record BooksCount(IReadOnlyList<Books> Books, IReadOnlyList<JobKey> Unwatched)
{
    /// <summary>Whether the store had kept other figures than it counted now, and has corrected them.</summary>
    public bool WereCorrected { get; init; }
}

/// <summary>
/// Keeps jobs. Every method throws <see cref="StoreUnavailableException"/>, and does nothing, where the store cannot answer now
/// (locked, full, down).
/// </summary>
public interface IJobStore
{
    /// <summary>
    /// The references of jobs. Their key is created with the store and kept in it, so every process that opens the store has the same.
    /// </summary>
    JobReferences References { get; }

    /// <summary>Reads a job; null if there is none.</summary>
    /// <exception cref="UnreadableJobException">It is there and cannot be read.</exception>
    ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Finds a job to change it, and whether one that does not exist may be created: an id whose job was purged with an outcome has a
    /// <see cref="Tombstone"/>. A purge writes it in the transaction that deletes the job, and deletes it once it is older than
    /// <see cref="Tombstone.Lifetime"/>. A job that exists may have one of an earlier job.
    /// </summary>
    /// <param name="key">The job.</param>
    /// <param name="origin">The origin of the job that the change creates if there is none; null if it creates none.</param>
    /// <param name="mayPresume">
    /// Whether a store whose commits check it may answer without a look what this process presumes: that the job is as this process committed it, that
    /// there is none, or that an id without a job has no tombstone.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="UnreadableJobException">The job is there and cannot be read.</exception>
    ValueTask<FoundJob> FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken);

    /// <summary>Reads the job of a reference without reading every job; null if there is none.</summary>
    /// <param name="source">Where it is looked for; null for every source.</param>
    /// <param name="reference">What <see cref="JobReferences.Of"/> returned for it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="UnreadableJobException">It is there and cannot be read.</exception>
    ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken);

    /// <summary>Commits a change. When it returns, the change is durable.</summary>
    /// <returns>
    /// The new version's ETag, or null if the job was changed or created since it was read, or is not what <see cref="FindForChangeAsync"/> presumed, in
    /// which case nothing was written. A commit whose answer was lost and that is repeated as it was counts as done.
    /// </returns>
    ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a job that cannot be read due later, without rewriting its document: after a wait that grows with each time, as <see cref="SetAside.Wait"/>
    /// says, until a commit succeeds. Nothing happens if the job was changed since, or if it is settled or stopped and not in the due index.
    /// </summary>
    ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Lists jobs, the last registered first; a page ends at <see cref="PageLimit.Bytes"/>.</summary>
    /// <remarks>A page may also end, short or empty, once the store has looked at so many jobs that do not pass the filters.</remarks>
    /// <exception cref="FormatException">The continuation is none that this store gave.</exception>
    ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>Counts jobs that pass the filters of a query. Its page does not matter.</summary>
    /// <param name="query">The filters.</param>
    /// <param name="most">At how many the count may end; at least 1.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <remarks>A store that can count without reading the documents should.</remarks>
    async ValueTask<JobCount> CountAsync(JobQuery query, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var (count, continuation) = (0, (string?)null);
        do
        {
            var page = await ListAsync(query with { Top = Math.Min(most, JobQuery.MaxTop), Continuation = continuation }, cancellationToken);
            count += page.Elements.Count + page.Unreadable.Count;
            continuation = page.Continuation;
        }
        while (continuation is not null && count < most);
        return new(count, continuation is not null);
    }

    /// <summary>
    /// The parts that the store is counted in, each small enough to be counted within minutes; one where all of it is. Together they have
    /// every job.
    /// </summary>
    ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken);

    /// <summary>Counts a part, and keeps the result for <see cref="PartsAsync"/> where the store has several.</summary>
    /// <param name="part">Its name.</param>
    /// <param name="unwatched">The most unwatched jobs that are wanted.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken);
}

/// <summary>The store cannot answer now. Nothing was written; the same call may succeed later.</summary>
/// <param name="message">What happened.</param>
/// <param name="innerException">What the store's client threw.</param>
public sealed class StoreUnavailableException(string? message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Without a reason.</summary>
    public StoreUnavailableException()
        : this(null)
    {
    }
}
