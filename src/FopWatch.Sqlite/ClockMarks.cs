using System.Globalization;
using System.Text;
using FopWatch.Clocks;

namespace FopWatch.Sqlite;

/// <summary>The times with which a later process compares its clock: the last time of this process, and the progress of purges.</summary>
internal sealed class ClockMarks(SqliteDatabase database) : IPurgeMarks
{
    private const string Time = "time";
    private const string PurgedBefore = "purgedBefore";
    private const string DoubtedBefore = "doubtedBefore";

    /// <summary>The last written time; null if there is none.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store is unavailable.</exception>
    public ValueTask<DateTimeOffset?> ReadTimeAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(session => Read(session, Time), cancellationToken);

    /// <summary>Writes the current time.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store is unavailable.</exception>
    public async ValueTask WriteTimeAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        await database.WriteAsync(session => Write(session, Time, now), cancellationToken);

    public ValueTask<PurgeMark> ReadAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(session => new PurgeMark(Read(session, PurgedBefore), Read(session, DoubtedBefore)), cancellationToken);

    public async ValueTask WriteAsync(PurgeMark mark, CancellationToken cancellationToken) => await database.WriteAsync(
        session => Write(session, PurgedBefore, mark.PurgedBefore) + Write(session, DoubtedBefore, mark.DoubtedBefore), cancellationToken);

    private static DateTimeOffset? Read(SqliteSession session, string name) =>
        session.Scalar("SELECT value FROM installation WHERE name = $1", name) is byte[] value
        && DateTimeOffset.TryParseExact(
            Encoding.UTF8.GetString(value), "O", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;

    private static int Write(SqliteSession session, string name, DateTimeOffset? time) => time is { } at
        ? session.Execute(
            "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            name,
            Encoding.UTF8.GetBytes(at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)))
        : session.Execute("DELETE FROM installation WHERE name = $1", name);
}
