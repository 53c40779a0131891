using FopWatch.Overviews;
using FopWatch.Settings;
using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>Reports the findings of an overview of the last 24 hours.</summary>
/// <param name="settings">Provides the sources.</param>
/// <param name="overviews">Reads the overview.</param>
public sealed class TrafficCheck(FopWatchSettings settings, OverviewReader overviews) : IDoctorCheck
{
    /// <inheritdoc/>
    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.Traffic, null, ExamineAsync)];

    private async Task<IReadOnlyList<DoctorFinding>> ExamineAsync(CancellationToken cancellationToken)
    {
        var overview = await overviews.ReadAsync(settings.Sources.All, 24, withInstallation: true, cancellationToken);
        var found = new List<DoctorFinding>();
        found.AddRange(overview.Findings.Select(one => Of(null, one)));
        foreach (var source in overview.Sources)
        {
            if (source.Findings.Count > 0)
                found.AddRange(source.Findings.Select(one => Of(source.Name, one)));
            else
                found.Add(Finding(source.Name, DoctorLevel.Pass, $"There is no trouble now, and the traffic of the last 24 hours shows nothing unusual.", null));
        }

        return found;
    }

    private static DoctorFinding Of(string? source, Finding one) => one.Level switch
    {
        FindingLevel.Trouble => Finding(source, DoctorLevel.Trouble, one.Detail, $"Outcomes are late or may be lost."),
        FindingLevel.Warning => Finding(source, DoctorLevel.Warning, one.Detail, $"Outcomes are still found, but most of them later or at a higher cost."),
        _ => Finding(source, DoctorLevel.Info, one.Detail, null),
    };

    // A finding of an overview already says what to do.
    private static DoctorFinding Finding(string? source, DoctorLevel level, Sentence what, Sentence? why) =>
        new() { Check = DoctorCheck.Traffic, Source = source, Level = level, What = what, Why = why };
}
