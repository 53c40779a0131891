using FopWatch.Statistics;

namespace FopWatch.Simulation.Tests.Ports;

/// <summary>Statistics in memory. They pass the contract of the real stores.</summary>
internal sealed class MemoryStatistics : IStatistics
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, StatisticsRows> _sources = new(StringComparer.Ordinal);

    public ValueTask AddAsync(StatisticsDelta delta, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var rows = RowsOf(delta.Source);
            if (rows.Changed(delta) is { } changed)
                _sources[delta.Source] = new(changed.Additions, With(rows.Hours, changed.Hours), With(rows.Ages.Where(row => !changed.Dropped.Contains(row.Key)).ToDictionary(StringComparer.Ordinal), changed.Ages)) { Latest = changed.Latest };
            return default;
        }
    }

    public ValueTask<IReadOnlyList<StatisticsHour>> ReadHoursAsync(string source, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([.. RowsOf(source).Hours
                .Where(row => row.Key >= from && row.Key < before)
                .OrderBy(row => row.Key)
                .Select(row => new StatisticsHour(source, row.Key, HourSums.FromJson(row.Value)))]);
        }
    }

    public ValueTask<LatestActivity> ReadLatestAsync(string source, CancellationToken cancellationToken)
    {
        lock (_lock)
            return new(LatestActivity.Read(RowsOf(source).Latest));
    }

    public ValueTask<IReadOnlyList<KnownClass>> ReadAgesAsync(string source, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_lock)
            return new(StatisticsRows.Read(RowsOf(source).Ages, now));
    }

    public ValueTask PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var (first, last) = StatisticsRows.Kept(now);
            foreach (var (source, rows) in _sources.ToList())
            {
                _sources[source] = rows with
                {
                    Hours = rows.Hours.Where(row => row.Key >= first && row.Key <= last).ToDictionary(),
                    Ages = rows.Ages.Where(row => !StatisticsRows.IsOld(row.Value, now)).ToDictionary(StringComparer.Ordinal),
                };
            }

            return default;
        }
    }

    private StatisticsRows RowsOf(string source) =>
        _sources.GetValueOrDefault(source) ?? new("", new Dictionary<DateTimeOffset, string>(), new Dictionary<string, byte[]>());

    private static Dictionary<TKey, TValue> With<TKey, TValue>(IReadOnlyDictionary<TKey, TValue> rows, IReadOnlyDictionary<TKey, TValue> changed)
        where TKey : notnull
    {
        var all = new Dictionary<TKey, TValue>(rows);
        foreach (var (key, value) in changed)
            all[key] = value;
        return all;
    }
}
