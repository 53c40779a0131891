using System.Globalization;
using FopWatch.Diagnosis;
using FopWatch.Local.Hosting;

namespace FopWatch.Local.Examining;

/// <summary>Examines whether the limit of open files takes connections away.</summary>
/// <param name="files">How the limit is shared out.</param>
/// <param name="sources">How many sources there are.</param>
internal sealed class OpenFilesCheck(OpenFiles files, int sources) : IDoctorCheck
{
    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.OpenFiles, null, _ => Task.FromResult<IReadOnlyList<DoctorFinding>>([Examine()]))];

    private DoctorFinding Examine()
    {
        if (files.Limit is not { } limit)
            return Finding(DoctorLevel.Pass, "The system sets no limit of open files that is known.", null, null);
        var text = string.Create(CultureInfo.InvariantCulture, $"The process may open {limit} files, which lets it take {files.Connections} connections at once");
        return files.Connections < LocalHost.MaxConnections
            ? Finding(
                DoctorLevel.Warning, $"{text}.", "Further connections are closed at once, those of providers too. They try again for minutes or hours.",
                string.Create(CultureInfo.InvariantCulture, $"Raise the limit to {OpenFiles.Wanted(sources)} or more, for example with 'ulimit -n' or LimitNOFILE of systemd."))
            : Finding(DoctorLevel.Pass, $"{text}, all that it ever takes.", null, null);
    }

    private static DoctorFinding Finding(DoctorLevel level, string what, string? why, string? fix) =>
        new() { Check = DoctorCheck.OpenFiles, Level = level, What = what, Why = why, Fix = fix };
}
