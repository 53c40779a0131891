using System.Runtime.InteropServices;
using FopWatch.Contracts;

namespace FopWatch.Sqlite;

/// <summary>The column of the books in which a job counts.</summary>
internal enum BooksColumn
{
    /// <summary>None: the job is open, but nothing polls it.</summary>
    None,

    /// <summary>The job has an outcome from the provider.</summary>
    Settled,

    /// <summary>FopWatch gave up on the job.</summary>
    Expired,

    /// <summary>The job is open.</summary>
    Open,

    /// <summary>A user stopped its watch.</summary>
    Stopped,
}

/// <summary>
/// Collects the changes of the open transaction to the books, and writes them once per source. Used on the writer's thread.
/// </summary>
internal sealed class BookEntries
{
    internal const string WriteSql = """
        INSERT INTO books (source, registered, settled, expired, open, stopped) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (source) DO UPDATE SET
            registered = registered + excluded.registered, settled = settled + excluded.settled, expired = expired + excluded.expired,
            open = open + excluded.open, stopped = stopped + excluded.stopped
        """;

    private static readonly string Expired = WireNames.Of(JobState.Expired);
    private static readonly string Waiting = WireNames.Of(JobState.Waiting);
    private static readonly string Processing = WireNames.Of(JobState.Processing);

    private readonly Dictionary<string, Change> _changes = new(StringComparer.Ordinal);
    private WriteTransaction? _open;

    /// <summary>The column in which a row counts.</summary>
    /// <param name="state">The state of the job.</param>
    /// <param name="isPolled">Whether the job is settled or in the due index.</param>
    /// <param name="isStopped">Whether its watch is stopped.</param>
    public static BooksColumn ColumnOf(string state, bool isPolled, bool isStopped) =>
        state == Expired ? BooksColumn.Expired
        : state != Waiting && state != Processing ? BooksColumn.Settled
        : isPolled ? BooksColumn.Open
        : isStopped ? BooksColumn.Stopped : BooksColumn.None;

    /// <summary>Counts a new job.</summary>
    public void Add(SqliteSession session, string source, BooksColumn column) => Of(session, source).Count(column, 1, registered: 1);

    /// <summary>Counts a deleted job.</summary>
    public void Remove(SqliteSession session, string source, BooksColumn column) => Of(session, source).Count(column, -1, registered: -1);

    /// <summary>Moves a job to another column.</summary>
    public void Move(SqliteSession session, string source, BooksColumn from, BooksColumn to)
    {
        if (from == to)
            return;
        ref var change = ref Of(session, source);
        change.Count(from, -1);
        change.Count(to, 1);
    }

    private ref Change Of(SqliteSession session, string source)
    {
        if (_open != session.Transaction)
        {
            _changes.Clear();
            _open = session.Transaction;
            session.Transaction.BeforeCommit(Write);
        }

        return ref CollectionsMarshal.GetValueRefOrAddDefault(_changes, source, out _);
    }

    private void Write(SqliteSession session)
    {
        foreach (var (source, change) in _changes)
        {
            session.Statement(WriteSql)
                .Bind(1, source).Bind(2, change.Registered).Bind(3, change.Settled).Bind(4, change.Expired).Bind(5, change.Open).Bind(6, change.Stopped)
                .Run();
        }
    }

    private struct Change
    {
        public long Registered;
        public long Settled;
        public long Expired;
        public long Open;
        public long Stopped;

        public void Count(BooksColumn column, int jobs, int registered = 0)
        {
            Registered += registered;
            switch (column)
            {
                case BooksColumn.Settled:
                    Settled += jobs;
                    break;
                case BooksColumn.Expired:
                    Expired += jobs;
                    break;
                case BooksColumn.Open:
                    Open += jobs;
                    break;
                case BooksColumn.Stopped:
                    Stopped += jobs;
                    break;
            }
        }
    }
}
