using System.Runtime.InteropServices;
using FopWatch.Contracts;

namespace FopWatch.Sqlite;

/// <summary>Where a job counts in the books of its source.</summary>
internal enum BooksColumn
{
    /// <summary>Nowhere: it is open, and nothing polls it.</summary>
    None,

    /// <summary>It has an outcome of the provider's.</summary>
    Settled,

    /// <summary>FopWatch gave up on it.</summary>
    Expired,

    /// <summary>It is open.</summary>
    Open,

    /// <summary>Somebody stopped watching it.</summary>
    Stopped,
}

/// <summary>Writes what the open transaction changes in the books, once for each source. Used on the writer's thread.</summary>
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

    /// <summary>Where a row counts.</summary>
    /// <param name="state">Its state.</param>
    /// <param name="isPolled">Whether it is settled or in the due index.</param>
    /// <param name="isStopped">Whether it is stopped.</param>
    public static BooksColumn ColumnOf(string state, bool isPolled, bool isStopped) =>
        state == Expired ? BooksColumn.Expired
        : state != Waiting && state != Processing ? BooksColumn.Settled
        : isPolled ? BooksColumn.Open
        : isStopped ? BooksColumn.Stopped : BooksColumn.None;

    /// <summary>A job is new.</summary>
    public void Add(SqliteSession session, string source, BooksColumn column) => Of(session, source).Count(column, 1, registered: 1);

    /// <summary>A job is deleted.</summary>
    public void Remove(SqliteSession session, string source, BooksColumn column) => Of(session, source).Count(column, -1, registered: -1);

    /// <summary>A job counts elsewhere now.</summary>
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
