using FopWatch.Overviews;
using FopWatch.Settings;

namespace FopWatch.Diagnosis;

/// <summary>Says what an overview of the last 24 hours finds worth looking at.</summary>
/// <param name="settings">Has the sources.</param>
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
                found.Add(Finding(source.Name, DoctorLevel.Pass, "Nothing goes wrong, and the traffic of the last 24 hours shows nothing unusual.", null));
        }

        return found;
    }

    private static DoctorFinding Of(string? source, Finding one) => one.Level switch
    {
        FindingLevel.Trouble => Finding(source, DoctorLevel.Trouble, one.Detail, "Outcomes are late, or would be lost."),
        FindingLevel.Warning => Finding(source, DoctorLevel.Warning, one.Detail, "Outcomes are found nevertheless, most of them later or at a greater cost."),
        _ => Finding(source, DoctorLevel.Info, one.Detail, null),
    };

    // What to do is part of what an overview says.
    private static DoctorFinding Finding(string? source, DoctorLevel level, string what, string? why) =>
        new() { Check = DoctorCheck.Traffic, Source = source, Level = level, What = what, Why = why };
}
