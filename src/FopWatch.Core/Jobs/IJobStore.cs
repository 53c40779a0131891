using FopWatch.Publishing;

namespace FopWatch.Jobs;

/// <summary>A stored job.</summary>
/// <param name="Job">The job.</param>
/// <param name="ETag">The version to commit against; it changes with every commit.</param>
public sealed record StoredJob(Job Job, string ETag)
{
    /// <summary>Whether it is in the due index.</summary>
    public bool IsIndexed { get; init; }
}

/// <summary>One atomic write: the job, its row in the due index, and the event of the change.</summary>
/// <param name="Job">The new job. Its <see cref="Job.Watch"/> determines its row in the due index.</param>
/// <param name="ETag">The version that the decision was based on; null if the job must not exist yet.</param>
/// <param name="Event">The event for the outbox; null for none.</param>
public sealed record JobCommit(Job Job, string? ETag, OutboxEvent? Event);

/// <summary>The state that a change of a job is decided on.</summary>
/// <param name="Job">The job; null for none.</param>
/// <param name="WasPurged">Whether no job may be created, because the id has a <see cref="Tombstone"/>.</param>
/// <param name="IsPresumed">Whether some of this was not read from the store. A commit based on a wrong presumption returns null.</param>
public readonly record struct FoundJob(StoredJob? Job, bool WasPurged = false, bool IsPresumed = false);

/// <summary>One page of a list.</summary>
/// <typeparam name="T">The element.</typeparam>
/// <param name="Elements">The elements. There may be fewer than requested even if more follow.</param>
/// <param name="Continuation">The continuation for the next page. Null is the only sign of the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Elements, string? Continuation)
{
    /// <summary>Elements of the page that cannot be read: the references of jobs, or the keys of notifications.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];
}

/// <summary>The numbers of jobs of a source. At any time, registered = settled + expired + open + stopped.</summary>
/// <param name="Source">The source.</param>
/// <param name="Registered">All jobs that were committed and not purged, counted on creation.</param>
/// <param name="Settled">Jobs with an outcome from the provider.</param>
/// <param name="Expired">Jobs that FopWatch gave up, watched again or not.</param>
/// <param name="Open">Jobs that are not settled and are in the due index.</param>
/// <param name="Stopped">Jobs that are not settled and whose watch somebody stopped.</param>
public sealed record Books(string Source, long Registered, long Settled, long Expired, long Open, long Stopped)
{
    /// <summary>Jobs that nothing will ever settle. A value other than 0 means that FopWatch or its store has a fault.</summary>
    public long Unaccounted => Registered - Settled - Expired - Open - Stopped;

    /// <summary>The sum of these books and others of the same source.</summary>
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

/// <summary>A part of a store whose jobs are counted together. A job always stays in the same part.</summary>
/// <param name="Name">The name.</param>
/// <param name="Books">The books of the last count; empty if the part was never counted or has no jobs.</param>
/// <param name="CountedAt">When it was last counted; null for never.</param>
public sealed record BooksPart(string Name, IReadOnlyList<Books> Books, DateTimeOffset? CountedAt)
{
    /// <summary>The source of its jobs; null if it has jobs of every source.</summary>
    public string? Source { get; init; }
}

/// <summary>The count of a part of a store.</summary>
/// <param name="Books">The books, by source.</param>
/// <param name="Unwatched">
/// Some of the jobs that should be in the due index, because they are watched, or neither settled nor stopped, but are not. There should be none.
/// </param>
public sealed record BooksCount(IReadOnlyList<Books> Books, IReadOnlyList<JobKey> Unwatched)
{
    /// <summary>Whether the stored books differed from this count and were corrected.</summary>
    public bool WereCorrected { get; init; }
}

/// <summary>
/// Stores jobs. Every method throws <see cref="StoreUnavailableException"/>, and changes nothing, if the store cannot answer now (locked, full,
/// down).
/// </summary>
public interface IJobStore
{
    /// <summary>
    /// The references of jobs. Their key is created with the store and kept in it, so every process that opens the store has the same key.
    /// </summary>
    JobReferences References { get; }

    /// <summary>Reads a job; null if there is none.</summary>
    /// <exception cref="UnreadableJobException">The job exists but cannot be read.</exception>
    ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken);

    /// <summary>
    /// Finds a job in order to change it, and tells whether a missing job may be created. The id of a job that was purged with an outcome has a
    /// <see cref="Tombstone"/>. A purge writes it in the transaction that deletes the job, and deletes it once it is older than
    /// <see cref="Tombstone.Lifetime"/>. An existing job may have the tombstone of an earlier job.
    /// </summary>
    /// <param name="key">The job.</param>
    /// <param name="origin">The origin of the job that the change creates if there is none; null if it creates none.</param>
    /// <param name="mayPresume">
    /// Whether the store may answer from the presumptions of this process without a read, if its commits check them: that the job is as this process
    /// committed it, that there is no job, or that an id without a job has no tombstone.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="UnreadableJobException">The job exists but cannot be read.</exception>
    ValueTask<FoundJob> FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken);

    /// <summary>Reads the job of a reference without reading every job; null if there is none.</summary>
    /// <param name="source">The source to search; null for every source.</param>
    /// <param name="reference">The reference, as <see cref="JobReferences.Of"/> returned it.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="UnreadableJobException">The job exists but cannot be read.</exception>
    ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken);

    /// <summary>Commits a change. When it returns, the change is durable.</summary>
    /// <returns>
    /// The ETag of the new version. Null if nothing was written, because the job was changed or created since it was read, or differs from what
    /// <see cref="FindForChangeAsync"/> presumed. An identical repetition of a commit whose answer was lost succeeds.
    /// </returns>
    ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken);

    /// <summary>
    /// Postpones an unreadable job without rewriting its document. The wait grows with each call, as <see cref="SetAside.Wait"/> defines, until a commit
    /// succeeds. Does nothing if the job has changed since, or if it is settled or stopped and not in the due index.
    /// </summary>
    ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Lists jobs, most recently registered first. A page ends at <see cref="PageLimit.Bytes"/>.</summary>
    /// <remarks>A page may also end early, or be empty, after the store has read a number of jobs that do not match.</remarks>
    /// <exception cref="FormatException">The continuation was not issued by this store.</exception>
    ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>Counts the jobs that match a query. Ignores its page.</summary>
    /// <param name="query">The query.</param>
    /// <param name="most">The number at which the count may stop; at least 1.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <remarks>A store should override this if it can count without reading the documents.</remarks>
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
    /// The parts in which the store is counted, each small enough to be counted within minutes; one part if the whole store is. Together they
    /// contain every job.
    /// </summary>
    ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken);

    /// <summary>Counts a part. If the store has several parts, it stores the result for <see cref="PartsAsync"/>.</summary>
    /// <param name="part">The name of the part.</param>
    /// <param name="unwatched">The most unwatched jobs to return.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken);
}

/// <summary>The store cannot answer now. Nothing was written; the same call may succeed later.</summary>
/// <param name="message">What happened.</param>
/// <param name="innerException">The exception of the store's client.</param>
public sealed class StoreUnavailableException(string? message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Creates the exception without a reason.</summary>
    public StoreUnavailableException()
        : this(null)
    {
    }
}
