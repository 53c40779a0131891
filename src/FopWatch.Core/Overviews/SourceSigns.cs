using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Statistics;

namespace FopWatch.Overviews;

/// <summary>The data about a source from which <see cref="Findings"/> are derived.</summary>
internal sealed record SourceSigns
{
    /// <summary>The source.</summary>
    public required Source Source { get; init; }

    /// <summary>The time.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>The hours of the last 7 days that have sums.</summary>
    public IReadOnlyList<StatisticsHour> Hours { get; init; } = [];

    /// <summary>The last activity.</summary>
    public LatestActivity Latest { get; init; }

    /// <summary>The books; null if unknown.</summary>
    public CountedBooks? Books { get; init; }

    /// <summary>The due times of polls that are held back, oldest first; at most <see cref="OverviewReader.CountedUpTo"/>.</summary>
    public IReadOnlyList<DateTimeOffset> HeldBack { get; init; } = [];

    /// <summary>The size of the quarantine.</summary>
    public QuarantineSize Quarantined { get; init; }

    /// <summary>The number of jobs known to be overdue; at most <see cref="OverviewReader.CountedUpTo"/>.</summary>
    public int Overdue { get; init; }

    /// <summary>Diagnoses of the last notifications in quarantine, newest first. Filled only if every notification of a day had a wrong signature.</summary>
    public IReadOnlyList<SignatureDiagnosis> WrongSignatures { get; init; } = [];

    /// <summary>The troubles of the source in this process.</summary>
    public IReadOnlyList<Trouble> Troubles { get; init; } = [];

    /// <summary>The sums of the hours since a time.</summary>
    public HourSums From(DateTimeOffset first)
    {
        var sums = new HourSums();
        foreach (var hour in Hours.Where(hour => hour.Hour >= first && hour.Hour <= Now))
            sums.Add(hour.Sums);
        return sums;
    }

    /// <summary>The sums of the last 24 hours.</summary>
    public HourSums Day() => From(StatisticsCollector.HourOf(Now).AddHours(-23));

    /// <summary>Whether every notification of the last 24 hours had a wrong signature.</summary>
    public bool IsEverySignatureWrong() =>
        Day() is var day && day[HourSum.NotifiedInvalid] >= Findings.LeastInvalid && Findings.Notified(day) == day[HourSum.NotifiedInvalid];
}
