using FopWatch.Diagnosis;
using FopWatch.Local.Hosting;

namespace FopWatch.Local.Examining;

/// <summary>Reports how the settings file differs from what the host runs with.</summary>
/// <param name="reload">Reloads the file.</param>
internal sealed class SettingsFileCheck(SettingsReload reload) : IDoctorCheck
{
    /// <inheritdoc/>
    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.Settings, null, _ => Task.FromResult(Examine()))];

    private IReadOnlyList<DoctorFinding> Examine()
    {
        var (problems, pending) = reload.Difference;
        return
        [
            .. problems.Select(problem => new DoctorFinding
            {
                Check = DoctorCheck.Settings,
                Level = DoctorLevel.Trouble,
                What = $"The settings file is wrong: {problem.TrimEnd('.')}.",
                Why = $"Nothing of the file applies: the host goes on with the settings that it had. With this file it would not start.",
                Fix = $"Correct the file. It is read again within seconds.",
            }),
            .. pending.Select(name => new DoctorFinding
            {
                Check = DoctorCheck.Settings,
                Level = DoctorLevel.Warning,
                What = $"{name} was changed in the settings file.",
                Why = $"It takes effect at the next start. Until then the host goes by the earlier value.",
                Fix = $"Restart the host, or undo the change.",
            }),
        ];
    }
}
