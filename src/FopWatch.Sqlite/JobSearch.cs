using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;
using Place = (long RegisteredAt, long Seq);

namespace FopWatch.Sqlite;

/// <summary>
/// Searches for jobs by id and words, newest first. If an index narrows a search to few enough jobs to sort, only those are examined.
/// Otherwise the list by source, state and watch is examined. If its newest jobs do not match, the indexes determine which jobs can match, and only
/// those are examined. In all cases, the number of jobs examined per page is limited.
/// </summary>
internal sealed class JobSearch
{
    /// <summary>The most places of one index that are sorted.</summary>
    internal const int MostSorted = 4096;

    /// <summary>The most jobs that are examined for a page.</summary>
    internal const int MostExamined = 10_000;

    /// <summary>After so many jobs of the list that do not match, the indexes are read for all jobs that can match.</summary>
    internal const int MostInVain = 1000;

    /// <summary>The maximum number of jobs of the list that are skipped per page.</summary>
    internal const int MostPassed = 2_000_000;

    internal const string ByIdSql = "SELECT registered_at, seq FROM jobs INDEXED BY jobs_key WHERE source = $1 AND id >= $2 AND id < $3 LIMIT $4";

    internal const string ByWordSql = """
        SELECT registered_at, seq FROM job_words
        WHERE source = $1 AND word = $2 AND (registered_at, seq) < ($3, $4) ORDER BY registered_at DESC, seq DESC LIMIT $5
        """;

    internal const string ByPrefixSql = "SELECT registered_at, seq FROM job_words WHERE source = $1 AND word >= $2 AND word < $3 LIMIT $4";

    internal const string UnindexedSql = """
        SELECT registered_at, searchable_jobs.seq, words
        FROM searchable_jobs INDEXED BY unindexed_jobs JOIN jobs ON jobs.seq = searchable_jobs.seq WHERE is_indexed = 0 LIMIT $1
        """;

    internal const string AllByIdSql = "SELECT seq FROM jobs INDEXED BY jobs_key WHERE source = $1 AND id >= $2 AND id < $3";

    internal const string AllByWordSql = "SELECT seq FROM job_words WHERE source = $1 AND word = $2";

    internal const string AllByPrefixSql = "SELECT seq FROM job_words WHERE source = $1 AND word >= $2 AND word < $3";

    internal const string CountByIdSql = "SELECT count(*) FROM (SELECT 1 FROM jobs INDEXED BY jobs_key WHERE source = $1 AND id >= $2 AND id < $3 LIMIT $4)";

    internal const string RowSql = """
        SELECT source, id, jobs.seq, revision, body, registered_at, state, watch, words, overdue
        FROM jobs LEFT JOIN searchable_jobs ON searchable_jobs.seq = jobs.seq WHERE jobs.seq = $1
        """;

    // It sorts after every character of an id.
    private const string AfterIds = "~";

    // This byte does not occur in UTF-8.
    private const byte AfterWords = 0xFF;

    private readonly SqliteSession _session;
    private readonly JobQuery _query;
    private readonly WantedWords _wanted;
    private readonly bool _knowsAllWords;

    private JobSearch(SqliteSession session, JobQuery query) =>
        (_session, _query, _wanted, _knowsAllWords) = (session, query, WantedWords.Of(query), WordIndex.HasAll(session));

    /// <summary>Reads a page. A job that matches by its words may turn out not to match by its document.</summary>
    public static Page<JobRow> Read(SqliteSession session, JobQuery query, Place after) => session.Snapshot(snapshot =>
    {
        var (read, bytes) = (new List<JobRow>(), 0L);
        var end = new JobSearch(snapshot, query).Walk(
            query.Continuation is null ? null : after,
            () => read.Count >= query.Top || bytes >= PageLimit.Bytes,
            (row, _) =>
            {
                read.Add(JobRow.Read(row));
                bytes += read[^1].Body.Length;
            });
        return new Page<JobRow>(read, end is var (registeredAt, seq) ? Continuations.AfterJob(registeredAt, seq) : null);
    });

    /// <summary>Counts jobs, up to a maximum and a time limit.</summary>
    public static JobCount Count(SqliteSession session, JobQuery query, int most, Func<bool> isOver) => session.Snapshot(snapshot =>
    {
        if (query is { IdPrefix: { } prefix, Bucket: null, KeyPrefix: null, Metadata.Count: 0, States.Count: 0, Watches.Count: 0, Overdue: null, Since: null, Until: null })
            return CountByIds(snapshot, query, prefix, most);

        var (count, end, search) = (0, (Place?)null, new JobSearch(snapshot, query));
        do
        {
            end = search.Walk(
                end,
                () => count >= most,
                (row, match) =>
                {
                    if (match == WordMatch.Yes || (JobRow.Read(row) is var read && JobJson.TryDeserialize(read.Body, read.Key, out var job, out _) && query.Matches(job)))
                        count++;
                });
        }
        while (end is not null && count < most && !isOver());
        return new JobCount(count, end is not null);
    });

    /// <summary>Examines jobs in the order of the list.</summary>
    /// <param name="after">The end of the previous page; null for the beginning.</param>
    /// <param name="isFull">Whether no more jobs are wanted.</param>
    /// <param name="found">Called with each job that matches or may match.</param>
    /// <returns>The place of the last examined job; null if there are no more.</returns>
    private Place? Walk(Place? after, Func<bool> isFull, Action<SqliteDataReader, WordMatch> found)
    {
        var start = after ?? (long.MaxValue, long.MaxValue);
        if (_query.Until is { } until && (until.UtcTicks, 0L).CompareTo(start) < 0)
            start = (until.UtcTicks, 0);
        var narrowed = Narrow(start);
        var (examined, inVain, last) = (0, 0, start);
        var (places, isOver) = (narrowed?.Places.Select(place => (place, IsEnd: false)) ?? Listed(start, null), false);
        while (!isOver)
        {
            isOver = true;
            foreach (var (place, isEnd) in places)
            {
                if (isEnd)
                    return place;
                if (isFull() || examined == MostExamined)
                    return last;
                if (_query.Since is { } since && place.RegisteredAt < since.UtcTicks)
                    return null;
                (examined, last) = (examined + 1, place);
                using var row = _session.Command(RowSql, place.Seq).ExecuteReader();
                if (row.Read() && Match(row) is not WordMatch.No and var match)
                {
                    found(row, match);
                }
                else if (++inVain == MostInVain && narrowed is null && Candidates() is { } candidates)
                {
                    (places, isOver) = (Listed(place, candidates), false);
                    break;
                }
            }
        }

        return narrowed is { IsWhole: false } ? last : null;
    }

    private IEnumerable<(Place Place, bool IsEnd)> Listed(Place start, JobSet? wanted) =>
        JobLists.Places(_session, _query with { Continuation = "" }, start, wanted, MostPassed);

    private WordMatch Match(SqliteDataReader row)
    {
        var isListed = (_query.Sources is not { } sources || sources.Contains(row.GetString(0)))
            && (_query.Overdue is null || row.GetInt64(9) != 0 == _query.Overdue)
            && (_query.IdPrefix is null || row.GetString(1).StartsWith(_query.IdPrefix, StringComparison.Ordinal))
            && WireNames.TryParse<JobState>(row.GetString(6), out var state)
            && WireNames.TryParse<WatchStatus>(row.GetString(7), out var watch)
            && _query.Admits(state, watch, StoredTime.Of(row.GetInt64(5)));
        return !isListed ? WordMatch.No
            : !row.IsDBNull(8) ? _wanted.In(row.GetFieldValue<byte[]>(8))
            : _wanted.All.Count == 0 ? WordMatch.Yes
            : _knowsAllWords ? WordMatch.No : WordMatch.Maybe;
    }

    /// <summary>The places after the start to which an index narrows the search; null if no index narrows it enough.</summary>
    private Narrowed? Narrow(Place start)
    {
        var sources = JobLists.SourcesOf(_session, _query);
        Narrowed? best = null;

        // The index has no registration times, so rows are read only if they are few.
        if (_query.IdPrefix is { } prefix && !CountByIds(_session, _query, prefix, MostSorted).AtLeast)
            best = InOrder(start, Range(ByIdSql, sources, prefix, prefix + AfterIds));
        if (best is not null || _wanted.All.Count == 0 || !_knowsAllWords || Unindexed() is not { } unindexed)
            return best;

        foreach (var wanted in _wanted.All)
        {
            var narrowed = wanted.IsPrefix
                ? InOrder(start, Range(ByPrefixSql, sources, wanted.Word.ToArray(), (byte[])[.. wanted.Word.Span, AfterWords]), unindexed)
                : Exact(start, sources, wanted, unindexed);
            if (narrowed is not null && (best is null || IsBetter(narrowed, best)))
                best = narrowed;
        }

        return best is { IsWhole: false } && !_wanted.IsOnlyFilter ? null : best;
    }

    private static bool IsBetter(Narrowed one, Narrowed other) =>
        one.IsWhole != other.IsWhole ? one.IsWhole : one.Places.Count < other.Places.Count;

    private Narrowed Exact(Place start, IReadOnlyCollection<string> sources, WantedWord wanted, List<Place> unindexed)
    {
        var (places, isWhole) = (new List<Place>(), true);
        foreach (var source in sources)
        {
            foreach (var word in (ReadOnlyMemory<byte>[])(wanted.IsMetadata ? [wanted.Word, JobWords.More] : [wanted.Word]))
            {
                var before = places.Count;
                using var rows = _session.Command(ByWordSql, source, word.ToArray(), start.RegisteredAt, start.Seq, MostSorted).ExecuteReader();
                while (rows.Read())
                    places.Add((rows.GetInt64(0), rows.GetInt64(1)));
                isWhole &= places.Count - before < MostSorted;
            }
        }

        // The newest places overall are among the newest of each range.
        var all = InOrder(start, places, unindexed)!;
        return isWhole || all.Places.Count <= MostSorted ? all with { IsWhole = isWhole } : new([.. all.Places.Take(MostSorted)], IsWhole: false);
    }

    /// <summary>The jobs that can match according to the indexes of ids and words; null if neither index can be used.</summary>
    private JobSet? Candidates()
    {
        var (sources, candidates) = (JobLists.SourcesOf(_session, _query), (JobSet?)null);
        if (_query.IdPrefix is { } prefix)
            Keep(AllByIdSql, statement => statement.Bind(2, prefix).Bind(3, prefix + AfterIds), []);
        if (_wanted.All.Count == 0 || !_knowsAllWords || Unindexed() is not { } unindexed)
            return candidates;

        foreach (var wanted in _wanted.All)
        {
            if (wanted.IsPrefix)
                Keep(AllByPrefixSql, statement => statement.Bind(2, wanted.Word.Span).Bind(3, (byte[])[.. wanted.Word.Span, AfterWords]), unindexed);
            else
                Keep(AllByWordSql, statement => statement.Bind(2, wanted.Word.Span), unindexed, wanted.IsMetadata);
        }

        return candidates;

        void Keep(string sql, Action<SqliteStatement> bind, List<Place> others, bool isMetadata = false)
        {
            var some = new JobSet();
            foreach (var source in sources)
            {
                Read(source, bind);
                if (isMetadata)
                    Read(source, statement => statement.Bind(2, JobWords.More.Span));
            }

            foreach (var (_, seq) in others)
                some.Add(seq);
            candidates = candidates?.And(some) ?? some;

            void Read(string source, Action<SqliteStatement> bind)
            {
                var rows = _session.Statement(sql).Bind(1, source);
                bind(rows);
                while (rows.Step())
                    some.Add(rows.Number(0));
            }
        }
    }

    private static JobCount CountByIds(SqliteSession session, JobQuery query, string prefix, int most)
    {
        var count = 0L;
        foreach (var source in JobLists.SourcesOf(session, query))
        {
            if (count <= most)
                count += (long)session.Scalar(CountByIdSql, source, prefix, prefix + AfterIds, most + 1L)!;
        }

        return new((int)Math.Min(count, most), count > most);
    }

    private List<Place>? Range(string sql, IReadOnlyCollection<string> sources, object from, object until)
    {
        var places = new List<Place>();
        foreach (var source in sources)
        {
            using var rows = _session.Command(sql, source, from, until, MostSorted + 1 - places.Count).ExecuteReader();
            while (rows.Read())
                places.Add((rows.GetInt64(0), rows.GetInt64(1)));
            if (places.Count > MostSorted)
                return null;
        }

        return places;
    }

    /// <summary>The places of jobs that are not indexed yet and may have the words; null if there are too many.</summary>
    private List<Place>? Unindexed()
    {
        var (places, count) = (new List<Place>(), 0);
        using var rows = _session.Command(UnindexedSql, MostSorted + 1).ExecuteReader();
        while (rows.Read())
        {
            if (++count > MostSorted)
                return null;
            if (_wanted.In(rows.GetFieldValue<byte[]>(2)) != WordMatch.No)
                places.Add((rows.GetInt64(0), rows.GetInt64(1)));
        }

        return places;
    }

    private static Narrowed? InOrder(Place start, params List<Place>?[] parts) => parts.Contains(null)
        ? null
        : new([.. parts.SelectMany(part => part!).Where(place => place.CompareTo(start) < 0).Distinct().OrderDescending()], IsWhole: true);
}

/// <summary>The places to which an index narrows a search, in the order of the list.</summary>
/// <param name="Places">The places.</param>
/// <param name="IsWhole">Whether there are no more places.</param>
internal sealed record Narrowed(IReadOnlyList<(long RegisteredAt, long Seq)> Places, bool IsWhole);
