using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Statistics;

namespace FopWatch.Overviews;

/// <summary>What is known of a source, from which <see cref="Findings"/> follow.</summary>
internal sealed record SourceSigns
{
    /// <summary>The source.</summary>
    public required Source Source { get; init; }

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The hours of the last 7 days that have sums.</summary>
    public IReadOnlyList<StatisticsHour> Hours { get; init; } = [];

    /// <summary>What happened last.</summary>
    public LatestActivity Latest { get; init; }

    /// <summary>Its books; null if they are not known.</summary>
    public CountedBooks? Books { get; init; }

    /// <summary>Since when the polls have been due that are held back, the longest first; at most <see cref="OverviewReader.CountedUpTo"/>.</summary>
    public IReadOnlyList<DateTimeOffset> HeldBack { get; init; } = [];

    /// <summary>What is in quarantine.</summary>
    public QuarantineSize Quarantined { get; init; }

    /// <summary>Its jobs that are known to be overdue, at most <see cref="OverviewReader.CountedUpTo"/>.</summary>
    public int Overdue { get; init; }

    /// <summary>Why the signatures of the last notifications in quarantine are wrong, the last first. Looked up only where every notification of a day was wrong.</summary>
    public IReadOnlyList<SignatureDiagnosis> WrongSignatures { get; init; } = [];

    /// <summary>What goes wrong at it, as this process saw it.</summary>
    public IReadOnlyList<Trouble> Troubles { get; init; } = [];

    /// <summary>The sums of the hours from a time on.</summary>
    public HourSums From(DateTimeOffset first)
    {
        var sums = new HourSums();
        foreach (var hour in Hours.Where(hour => hour.Hour >= first && hour.Hour <= Now))
            sums.Add(hour.Sums);
        return sums;
    }

    /// <summary>The sums of a day.</summary>
    public HourSums Day() => From(StatisticsCollector.HourOf(Now).AddHours(-23));

    /// <summary>Whether every notification of a day had a wrong signature.</summary>
    public bool IsEverySignatureWrong() =>
        Day() is var day && day[HourSum.NotifiedInvalid] >= Findings.LeastInvalid && Findings.Notified(day) == day[HourSum.NotifiedInvalid];
}
