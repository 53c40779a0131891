using FopWatch.Jobs;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// Jobs by reference. References are random, so each new one would cost a page of their index. They are therefore collected in memory. Once
/// several fit into each page, they are inserted in order, a few with each transaction. After a start, the references of the last jobs are
/// read again.
/// </summary>
internal sealed class ReferenceIndex
{
    /// <summary>
    /// A job by its reference ($1), limited to a source ($2).
    /// </summary>
    internal const string FindSql = """
        SELECT jobs.source, jobs.id, jobs.seq, jobs.revision, jobs.body FROM job_references JOIN jobs ON jobs.seq = job_references.seq
        WHERE job_references.reference = $1 AND ($2 IS NULL OR jobs.source = $2)
        """;

    internal const string FindRowSql = "SELECT source, id, seq, revision, body FROM jobs WHERE seq = $1 AND ($2 IS NULL OR source = $2)";

    internal const string InsertSql = "INSERT INTO job_references (reference, seq) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    internal const string DeleteSql = "DELETE FROM job_references WHERE reference = $1 AND seq = $2";

    internal const string ReachSql = "UPDATE indexed_references SET up_to = $1";

    internal const string RestSql = "SELECT seq, source, id FROM jobs WHERE seq > (SELECT up_to FROM indexed_references)";

    // More than arrive meanwhile, so that one collection is inserted before the next is full.
    private const int InsertedPerNew = 2;

    private readonly int _collected;
    private readonly Lock _lock = new();
    private Dictionary<string, long> _sorting = new(StringComparer.Ordinal);
    private Dictionary<string, long> _collecting = new(StringComparer.Ordinal);
    private KeyValuePair<string, long>[] _sorted = [];
    private long _upTo;

    // Used by the writer: the number of sorted references in the index, and those that the open transaction adds and removes.
    private int _inserted;
    private int _inserting;
    private readonly List<KeyValuePair<string, long>> _added = [];
    private readonly Dictionary<long, string> _removed = [];
    private WriteTransaction? _open;

    private ReferenceIndex(int collected) => _collected = collected;

    /// <summary>Reads the references that are not in the index.</summary>
    /// <param name="session">A connection to a database that is up to date.</param>
    /// <param name="references">Computes the references of jobs.</param>
    /// <param name="options">The options, with the size of a collection.</param>
    public static ReferenceIndex Load(SqliteSession session, JobReferences references, SqliteStoreOptions options)
    {
        var index = new ReferenceIndex(options.ReferencesCollected);
        using (var rows = session.Command(RestSql).ExecuteReader())
        {
            while (rows.Read())
                index._collecting[references.Of(new(rows.GetString(1), rows.GetString(2)))] = rows.GetInt64(0);
        }

        // Two collections and one transaction.
        if (index._collecting.Count > (2 * options.ReferencesCollected) + options.QueueCapacity)
            index.InsertAll(session);
        return index;
    }

    /// <summary>Inserts all of them into the index: no FopWatch process leaves so many, so they have another origin.</summary>
    private void InsertAll(SqliteSession session)
    {
        session.Begin();
        try
        {
            Sort();
            Insert(session, _sorted);
            session.Statement(ReachSql).Bind(1, _upTo).Run();
            session.Commit();
            (_sorting, _sorted) = ([], []);
        }
        finally
        {
            session.Rollback();
        }
    }

    /// <summary>The job with a reference; null if there is none.</summary>
    /// <param name="session">A connection for reading.</param>
    /// <param name="source">Only a job of this source; null for all.</param>
    /// <param name="reference">The reference.</param>
    public JobRow? Find(SqliteSession session, string? source, string reference)
    {
        if (!JobReferences.IsValid(reference))
            return null;

        // Memory first: a reference stays there until it is in the index.
        if (Pending(reference) is { } seq && Read(session.Command(FindRowSql, seq, source)) is { } pending)
            return pending;
        return Read(session.Command(FindSql, Convert.FromHexString(reference), source));

        static JobRow? Read(SqliteCommand command)
        {
            using var row = command.ExecuteReader();
            return row.Read() ? JobRow.Read(row) : null;
        }
    }

    private long? Pending(string reference)
    {
        lock (_lock)
            return _collecting.TryGetValue(reference, out var seq) || _sorting.TryGetValue(reference, out seq) ? seq : null;
    }

    /// <summary>Adds a new job, in the open transaction.</summary>
    public void Add(SqliteSession session, string reference, long seq)
    {
        Open(session);
        _added.Add(new(reference, seq));
    }

    /// <summary>Removes a deleted job, in the open transaction.</summary>
    public void Remove(SqliteSession session, string reference, long seq)
    {
        session.Statement(DeleteSql).Bind(1, Convert.FromHexString(reference)).Bind(2, seq).Run();
        Open(session);
        _removed[seq] = reference;
    }

    private void Open(SqliteSession session)
    {
        if (_open == session.Transaction)
            return;
        _added.Clear();
        _removed.Clear();
        _open = session.Transaction;
        session.Transaction.BeforeCommit(Insert);
        session.Transaction.AfterCommit(Committed);
    }

    private void Insert(SqliteSession session)
    {
        _inserting = Math.Min(_sorted.Length - _inserted, _added.Count * InsertedPerNew);
        Insert(session, _sorted.AsSpan(_inserted, _inserting));
        if (_inserting > 0 && _inserted + _inserting == _sorted.Length)
            session.Statement(ReachSql).Bind(1, _upTo).Run();
    }

    private void Insert(SqliteSession session, ReadOnlySpan<KeyValuePair<string, long>> references)
    {
        Span<byte> bytes = stackalloc byte[JobReferences.Length / 2];
        foreach (var (reference, seq) in references)
        {
            // Memory says whether the job was purged meanwhile. To look up its row, which is on any page, would cost as much as the insert.
            if (_removed.ContainsKey(seq) || !_sorting.TryGetValue(reference, out var kept) || kept != seq)
                continue;
            Convert.FromHexString(reference, bytes, out _, out _);
            session.Statement(InsertSql).Bind(1, bytes).Bind(2, seq).Run();
        }
    }

    // The transaction is in the database, and no caller has been answered yet.
    private void Committed()
    {
        lock (_lock)
        {
            foreach (var (reference, seq) in _added)
                _collecting[reference] = seq;
            foreach (var (seq, reference) in _removed)
            {
                Forget(_collecting, reference, seq);
                Forget(_sorting, reference, seq);
            }

            _inserted += _inserting;
            if (_inserted < _sorted.Length)
                return;

            (_sorting, _sorted, _inserted) = ([], [], 0);
            if (_collecting.Count >= _collected)
                Sort();
        }
    }

    // A new job with the same id has the same reference and another seq.
    private static void Forget(Dictionary<string, long> references, string reference, long seq)
    {
        if (references.TryGetValue(reference, out var kept) && kept == seq)
            references.Remove(reference);
    }

    private void Sort()
    {
        (_sorting, _collecting) = (_collecting, new(StringComparer.Ordinal));
        _sorted = [.. _sorting];
        Array.Sort(_sorted, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        _upTo = _sorting.Values.Max();
    }
}
