using FopWatch.Settings;
using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>Reports settings that are valid but probably wrong.</summary>
/// <param name="settings">The settings.</param>
public sealed class SettingsCheck(FopWatchSettings settings) : IDoctorCheck
{
    /// <summary>The URL that the host listens on; null if unknown.</summary>
    public Uri? Listening { get; init; }

    /// <inheritdoc/>
    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.Settings, null, _ => Task.FromResult(Examine()))];

    private IReadOnlyList<DoctorFinding> Examine()
    {
        var count = settings.Sources.All.Count;
        var doubts = DoubtfulSetting.All(settings, Listening).ToList();
        return doubts.Count > 0
            ? [.. doubts.Select(Of)]
            :
            [
                new()
                {
                    Check = DoctorCheck.Settings,
                    Level = DoctorLevel.Pass,
                    What = count == 1 ? (Sentence)$"{count} source is configured, and no setting is doubtful." : (Sentence)$"{count} sources are configured, and no setting is doubtful.",
                },
            ];
    }

    private static DoctorFinding Of(DoubtfulSetting doubt) => new()
    {
        Check = DoctorCheck.Settings,
        Source = doubt.Source,
        Level = doubt.IsHarmless ? DoctorLevel.Info : DoctorLevel.Warning,
        What = $"{doubt.What}.",
        Why = doubt.Why,
        Fix = $"{doubt.Fix}.",
    };
}
