using System.Security.Cryptography;

namespace FopWatch.Sqlite;

/// <summary>
/// The epochs of the event log. Each process that publishes begins one. Events published after a backup therefore have another epoch than
/// events published after its restore, although their positions are the same.
/// </summary>
internal sealed class LogEpochs
{
    private readonly (long First, string Epoch)[] _earlier;
    private readonly string _own = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
    private long _first = long.MaxValue;
    private volatile bool _begun;

    private LogEpochs((long First, string Epoch)[] earlier) => _earlier = earlier;

    /// <summary>Reads the epochs of earlier processes.</summary>
    public static LogEpochs Load(SqliteSession session)
    {
        using var rows = session.Command("SELECT first, epoch FROM epochs ORDER BY first").ExecuteReader();
        var earlier = new List<(long, string)>();
        while (rows.Read())
            earlier.Add((rows.GetInt64(0), rows.GetString(1)));
        return new([.. earlier]);
    }

    /// <summary>Begins the epoch of this process, unless it has begun, in the transaction that publishes its first event.</summary>
    /// <param name="session">The writer's session.</param>
    /// <param name="last">The position of the last event before it.</param>
    public void Begin(SqliteSession session, Func<SqliteSession, long> last)
    {
        if (_begun || session.Scalar("SELECT first FROM epochs WHERE epoch = $1", _own) is long)
            return;

        // An epoch without events begins at the same position, and no client has a position in it.
        var first = last(session) + 1;
        session.Execute("INSERT OR REPLACE INTO epochs (first, epoch) VALUES ($1, $2)", first, _own);

        // Set before the event can be read: until the transaction is committed, there is none at that position.
        Volatile.Write(ref _first, first);
        session.Transaction.AfterCommit(() => _begun = true);
    }

    /// <summary>The position of an event, which is also the position after it.</summary>
    public EventPosition PositionOf(long seq) => new(
        seq, seq >= Volatile.Read(ref _first) ? _own : IndexOf(seq) is >= 0 and var index ? _earlier[index].Epoch : null);

    /// <summary>The position at which to continue after one that a client has.</summary>
    /// <param name="position">The position of a client, from this or another log.</param>
    /// <param name="last">The position of the last event.</param>
    /// <returns>The position up to which the client knows this log: its own, unless it is from another log or this log was restored since.</returns>
    public long KnownUpTo(EventPosition position, long last)
    {
        if (position.Epoch is null || position.Seq == 0)
            return position.Seq <= last ? position.Seq : 0;
        if (position.Epoch == _own)
            return position.Seq >= _first && position.Seq <= last ? position.Seq : 0;

        var index = Array.FindIndex(_earlier, one => one.Epoch == position.Epoch);
        if (index < 0 || position.Seq < _earlier[index].First)
            return 0;
        var next = index + 1 < _earlier.Length ? _earlier[index + 1].First : Volatile.Read(ref _first);
        return Math.Min(position.Seq, Math.Min(last, next - 1));
    }

    private int IndexOf(long seq)
    {
        var (low, high) = (0, _earlier.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _earlier[middle].First <= seq ? (middle + 1, high) : (low, middle);
        }

        return low - 1;
    }
}
