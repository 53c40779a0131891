using System.Globalization;
using FopWatch.Jobs;

namespace FopWatch.Sqlite;

/// <summary>The jobs: one row each, with the document and the columns for queries.</summary>
/// <param name="database">The database.</param>
/// <param name="log">The log to which events are written with their jobs; null if another broker publishes them from the outbox.</param>
internal sealed class SqliteJobs(SqliteDatabase database, EventLog? log) : IJobStore
{
    // Statements with important query plans: tests check that none of them scans a table or sorts.
    internal const string FindSql = "SELECT seq, revision, body, due_at IS NOT NULL FROM jobs WHERE source = $1 AND id = $2";

    internal const string TombstoneSql = "SELECT 1 FROM tombstones WHERE reference = $1";

    internal const string UnreadableSql = """
        INSERT INTO unreadable_jobs (seq, times) SELECT seq, 1 FROM jobs WHERE seq = $1 AND revision = $2
        ON CONFLICT (seq) DO UPDATE SET times = times + 1 RETURNING times
        """;

    // After this many reads, a page may be short.
    private const int MostReads = 4;

    private readonly SqliteBooks _books = new(database);
    private readonly JobCommits _commits = new(database.ByReference, log);
    private readonly Presumptions _presumptions = new();

    public JobReferences References => database.References;

    public async ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken) => (await FindAsync(key, null, cancellationToken)).Job;

    /// <inheritdoc/>
    /// <remarks>The commit of a new job checks for a tombstone itself, so this check is skipped where a tombstone is unlikely.</remarks>
    public ValueTask<FoundJob> FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken) =>
        !mayPresume ? FindAsync(key, origin, cancellationToken)
        : origin is { } by && _presumptions.Of(key, by) is { } presumed ? new(presumed)
        : FindPresumingNoTombstoneAsync(key, origin, cancellationToken);

    public async ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) => await database.Searches.ReadAsync(
        session => database.ByReference.Find(session, source, reference), cancellationToken) is { } found ? found.ToJob().Job : null;

    public async ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (job.ETag.Split('-') is not [var seqText, var revisionText]
            || !long.TryParse(seqText, NumberStyles.None, CultureInfo.InvariantCulture, out var seq)
            || !long.TryParse(revisionText, NumberStyles.None, CultureInfo.InvariantCulture, out var revision))
        {
            return;
        }

        await database.WriteAsync(
            session =>
            {
                if (session.Scalar(UnreadableSql, seq, revision) is long times)
                    _commits.SetAside(session, seq, now + SetAside.Wait((int)times));
                return 0;
            },
            cancellationToken);
    }

    public async ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken)
    {
        // Serialized on the caller's thread, so that the single writer only writes.
        var body = JobJson.Serialize(commit.Job);
        var (reference, words) = (commit.ETag is null ? References.Of(commit.Job.Key) : null, JobWords.Of(commit.Job));
        var (etag, hasTombstone) = await database.WriteAsync(session => _commits.Write(session, commit, body, reference, words), cancellationToken);
        if (etag is not null)
            _presumptions.Committed(commit, etag, body.Length);
        else if (!hasTombstone)
            _presumptions.Refused(commit);
        return etag;
    }

    public async ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Top, JobQuery.MaxTop);
        var pool = query.Top > JobQuery.ShortTop ? database.Lists : database.Searches;
        var (jobs, unreadable) = (new List<Job>(), new List<string>());

        // Some results of a search turn out not to match, so the page continues after them.
        for (var reads = 1; ; reads++)
        {
            var after = query.Continuation is null ? default : Continuations.ReadJob(query.Continuation);
            var rows = await pool.ReadAsync(session => query.IsSearch ? JobSearch.Read(session, query, after) : JobLists.Read(session, query, after), cancellationToken);
            foreach (var row in rows.Elements)
            {
                if (!JobJson.TryDeserialize(row.Body, row.Key, out var job, out _))
                    unreadable.Add(References.Of(row.Key));
                else if (query.Matches(job))
                    jobs.Add(job);
            }

            if (rows.Continuation is null || reads == MostReads || rows.Elements.Count == 0 || jobs.Count + unreadable.Count >= rows.Elements.Count)
                return new(jobs, rows.Continuation) { Unreadable = unreadable };
            query = query with { Continuation = rows.Continuation, Top = query.Top - jobs.Count - unreadable.Count };
        }
    }

    public ValueTask<JobCount> CountAsync(JobQuery query, int most, CancellationToken cancellationToken)
    {
        var began = database.Time.GetTimestamp();
        return (most > JobQuery.MaxTop ? database.Lists : database.Searches).ReadAsync(
            session => query.IsSearch
                ? JobSearch.Count(session, query, most, () => database.Time.GetElapsedTime(began) >= JobCount.Longest)
                : JobLists.Count(session, query, most),
            cancellationToken);
    }

    // The books are maintained with every commit, so they are current.
    public async ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) =>
        [new BooksPart("", await database.Searches.ReadAsync(SqliteBooks.ReadKept, cancellationToken), database.Time.GetUtcNow())];

    public ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken) => _books.CountAsync(unwatched, cancellationToken);

    /// <summary>Whether an id has a tombstone.</summary>
    internal static bool HasTombstone(SqliteSession session, string reference) =>
        session.Statement(TombstoneSql).Bind(1, Convert.FromHexString(reference)).Any();

    private async ValueTask<FoundJob> FindPresumingNoTombstoneAsync(JobKey key, JobOrigin? origin, CancellationToken cancellationToken)
    {
        var found = await FindAsync(key, null, cancellationToken);
        return found with { IsPresumed = found.Job is null && origin is { } by && Tombstone.KeepsOut(by) };
    }

    /// <summary>Reads a job. If there is none, and a tombstone would reject its origin, checks for a tombstone.</summary>
    private async ValueTask<FoundJob> FindAsync(JobKey key, JobOrigin? origin, CancellationToken cancellationToken)
    {
        try
        {
            var (row, wasPurged) = await database.ReadAsync(
                session => Find(session, key) is { } found ? (found, false)
                    : (null, origin is { } by && Tombstone.KeepsOut(by) && HasTombstone(session, References.Of(key))),
                cancellationToken);
            return new(row?.ToJob(), wasPurged);
        }
        catch (UnreadableJobException)
        {
            _presumptions.Forget(key);
            throw;
        }
    }

    private static JobRow? Find(SqliteSession session, JobKey key)
    {
        var row = session.Statement(FindSql).Bind(1, key.Source).Bind(2, key.Id);
        if (!row.Step())
            return null;
        var found = new JobRow(key, JobRow.ETagOf(row.Number(0), row.Number(1)), row.Bytes(2)) { IsIndexed = row.Number(3) != 0 };
        row.Reset();
        return found;
    }
}
