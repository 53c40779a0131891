using System.Globalization;
using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>The last notification and the last poll of a source. Merging takes the later of each, so any number of processes can add theirs in any order.</summary>
/// <param name="NotifiedAt">When the last notification was accepted, whatever its trust; null for never.</param>
/// <param name="PolledAt">When the last poll was made; null for never.</param>
/// <param name="Answer">The answer of the last poll. <see cref="PollAnswer.None"/> if a newer version wrote an answer that this version does not know.</param>
public readonly record struct LatestActivity(DateTimeOffset? NotifiedAt, DateTimeOffset? PolledAt, PollAnswer Answer)
{
    /// <summary>Merges two: the later of each.</summary>
    public LatestActivity With(LatestActivity other)
    {
        var isPollLater = PolledAt is null || other.PolledAt > PolledAt;
        return new(
            NotifiedAt is null || other.NotifiedAt > NotifiedAt ? other.NotifiedAt : NotifiedAt,
            isPollLater ? other.PolledAt : PolledAt,
            isPollLater ? other.Answer : Answer);
    }

    /// <summary>The activity up to a time. Times more than a day later come from a wrong clock and are left out.</summary>
    public LatestActivity At(DateTimeOffset now)
    {
        var (latest, isAhead) = (now + StatisticsRows.MostAhead, PolledAt > now + StatisticsRows.MostAhead);
        return new(NotifiedAt > latest ? null : NotifiedAt, isAhead ? null : PolledAt, isAhead ? PollAnswer.None : Answer);
    }

    /// <summary>The stored form: two times in ticks, 0 for never, and the answer.</summary>
    public string Write() =>
        string.Create(CultureInfo.InvariantCulture, $"{NotifiedAt?.UtcTicks ?? 0} {PolledAt?.UtcTicks ?? 0} {Answer}");

    /// <summary>Reads the form of <see cref="Write"/>. Damaged times count as never.</summary>
    public static LatestActivity Read(string? text)
    {
        var parts = (text ?? "").Split(' ');
        if (parts.Length < 3)
            return default;
        var answer = Enum.TryParse<PollAnswer>(parts[2], out var known) && Enum.IsDefined(known) ? known : PollAnswer.None;
        return new(TimeOf(parts[0]), TimeOf(parts[1]), answer);
    }

    private static DateTimeOffset? TimeOf(string ticks) =>
        long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && number <= DateTimeOffset.MaxValue.UtcTicks
            ? new(number, TimeSpan.Zero)
            : null;
}
