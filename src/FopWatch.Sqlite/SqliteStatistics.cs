using FopWatch.Statistics;

namespace FopWatch.Sqlite;

/// <summary>Statistics: one row per source and hour, and one per source and class. An addition is one transaction.</summary>
internal sealed class SqliteStatistics(SqliteDatabase database) : IStatistics
{
    internal const string HoursSql = "SELECT hour, sums FROM statistics_hours WHERE source = $1 AND hour >= $2 AND hour < $3 ORDER BY hour";

    internal const string LatestSql = "SELECT latest FROM statistics_additions WHERE source = $1";

    internal const string AgesSql = "SELECT class, ages FROM statistics_ages WHERE source = $1";

    private const string AddHourSql =
        "INSERT INTO statistics_hours (source, hour, sums) VALUES ($1, $2, $3) ON CONFLICT (source, hour) DO UPDATE SET sums = excluded.sums";

    private const string AddAgesSql =
        "INSERT INTO statistics_ages (source, class, ages) VALUES ($1, $2, $3) ON CONFLICT (source, class) DO UPDATE SET ages = excluded.ages";

    private const string DropAgesSql = "DELETE FROM statistics_ages WHERE source = $1 AND class = $2";

    private const string AddAdditionsSql =
        "INSERT INTO statistics_additions (source, ids, latest) VALUES ($1, $2, $3) ON CONFLICT (source) DO UPDATE SET ids = excluded.ids, latest = excluded.latest";

    public async ValueTask AddAsync(StatisticsDelta delta, CancellationToken cancellationToken) => await database.WriteAsync(session => Add(session, delta), cancellationToken);

    public ValueTask<IReadOnlyList<StatisticsHour>> ReadHoursAsync(string source, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken) =>
        database.Searches.ReadAsync<IReadOnlyList<StatisticsHour>>(
            session =>
            {
                using var rows = session.Command(HoursSql, source, from.UtcTicks, before.UtcTicks).ExecuteReader();
                var hours = new List<StatisticsHour>();
                while (rows.Read())
                {
                    if (StoredTime.TryOf(rows.GetInt64(0)) is { } hour)
                        hours.Add(new(source, hour, HourSums.FromJson(rows.GetString(1))));
                }

                return hours;
            },
            cancellationToken);

    public ValueTask<LatestActivity> ReadLatestAsync(string source, CancellationToken cancellationToken) =>
        database.Searches.ReadAsync(session => LatestActivity.Read(session.Scalar(LatestSql, source) as string), cancellationToken);

    public async ValueTask<IReadOnlyList<KnownClass>> ReadAgesAsync(string source, DateTimeOffset now, CancellationToken cancellationToken) =>
        StatisticsRows.Read(await database.Searches.ReadAsync(session => Ages(session, source), cancellationToken), now);

    public async ValueTask PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) => await database.WriteAsync(
        session =>
        {
            // Ninety days are 2160 hourly rows. Each purge finds one or two per source.
            var (first, last) = StatisticsRows.Kept(now);
            var deleted = session.Execute("DELETE FROM statistics_hours WHERE hour < $1 OR hour > $2", first.UtcTicks, last.UtcTicks);
            var old = new List<(string Source, string Class)>();
            using (var rows = session.Command("SELECT source, class, ages FROM statistics_ages").ExecuteReader())
            {
                while (rows.Read())
                {
                    if (StatisticsRows.IsOld(rows.GetFieldValue<byte[]>(2), now))
                        old.Add((rows.GetString(0), rows.GetString(1)));
                }
            }

            foreach (var (source, name) in old)
                deleted += session.Execute(DropAgesSql, source, name);
            return deleted;
        },
        cancellationToken);

    private static bool Add(SqliteSession session, StatisticsDelta delta)
    {
        var hours = new Dictionary<DateTimeOffset, string>();
        foreach (var hour in delta.Hours.Keys)
        {
            if (session.Scalar("SELECT sums FROM statistics_hours WHERE source = $1 AND hour = $2", delta.Source, hour.UtcTicks) is string sums)
                hours[hour] = sums;
        }

        var (additions, latest) = Additions(session, delta.Source);
        if (new StatisticsRows(additions, hours, Ages(session, delta.Source)) { Latest = latest }.Changed(delta) is not { } changed)
            return false;

        foreach (var (hour, sums) in changed.Hours)
            session.Execute(AddHourSql, delta.Source, hour.UtcTicks, sums);
        foreach (var (name, ages) in changed.Ages)
            session.Execute(AddAgesSql, delta.Source, name, ages);
        foreach (var name in changed.Dropped)
            session.Execute(DropAgesSql, delta.Source, name);
        session.Execute(AddAdditionsSql, delta.Source, changed.Additions, changed.Latest);
        return true;
    }

    private static (string Ids, string Latest) Additions(SqliteSession session, string source)
    {
        using var row = session.Command("SELECT ids, latest FROM statistics_additions WHERE source = $1", source).ExecuteReader();
        return row.Read() ? (row.GetString(0), row.GetString(1)) : ("", "");
    }

    private static Dictionary<string, byte[]> Ages(SqliteSession session, string source)
    {
        using var rows = session.Command(AgesSql, source).ExecuteReader();
        var ages = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        while (rows.Read())
            ages[rows.GetString(0)] = rows.GetFieldValue<byte[]>(1);
        return ages;
    }
}
