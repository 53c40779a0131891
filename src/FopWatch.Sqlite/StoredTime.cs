namespace FopWatch.Sqlite;

/// <summary>Times in the file: ticks in UTC.</summary>
internal static class StoredTime
{
    public static DateTimeOffset Of(long ticks) => new(ticks, TimeSpan.Zero);

    /// <summary>Null if the value is damaged.</summary>
    public static DateTimeOffset? TryOf(long ticks) =>
        ticks >= DateTimeOffset.MinValue.UtcTicks && ticks <= DateTimeOffset.MaxValue.UtcTicks ? Of(ticks) : null;
}
