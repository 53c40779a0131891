using System.Globalization;
using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>When a source was notified last, and when it was polled last. Merging takes the later of each, so any number of processes add theirs in any order.</summary>
/// <param name="NotifiedAt">When the last notification was taken, whatever its trust; null for never.</param>
/// <param name="PolledAt">When its status API was asked last; null for never.</param>
/// <param name="Answer">How it answered then. <see cref="PollAnswer.None"/> where a newer version wrote an answer that this one does not know.</param>
public readonly record struct LatestActivity(DateTimeOffset? NotifiedAt, DateTimeOffset? PolledAt, PollAnswer Answer)
{
    /// <summary>The later of each.</summary>
    public LatestActivity With(LatestActivity other)
    {
        var isPollLater = PolledAt is null || other.PolledAt > PolledAt;
        return new(
            NotifiedAt is null || other.NotifiedAt > NotifiedAt ? other.NotifiedAt : NotifiedAt,
            isPollLater ? other.PolledAt : PolledAt,
            isPollLater ? other.Answer : Answer);
    }

    /// <summary>What is known at a time: what happened later than a day after it happened by a wrong clock, and is left out.</summary>
    public LatestActivity At(DateTimeOffset now)
    {
        var (latest, isAhead) = (now + StatisticsRows.MostAhead, PolledAt > now + StatisticsRows.MostAhead);
        return new(NotifiedAt > latest ? null : NotifiedAt, isAhead ? null : PolledAt, isAhead ? PollAnswer.None : Answer);
    }

    /// <summary>The stored form: two times in ticks, 0 for never, and the answer.</summary>
    public string Write() =>
        string.Create(CultureInfo.InvariantCulture, $"{NotifiedAt?.UtcTicks ?? 0} {PolledAt?.UtcTicks ?? 0} {Answer}");

    /// <summary>Reads what <see cref="Write"/> wrote. What is damaged counts as never.</summary>
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
