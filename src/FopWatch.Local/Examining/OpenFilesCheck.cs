using FopWatch.Diagnosis;
using FopWatch.Local.Hosting;
using FopWatch.Providers;
using FopWatch.Wording;

namespace FopWatch.Local.Examining;

/// <summary>Examines whether the limit of open files reduces the number of connections.</summary>
/// <param name="files">How the descriptors are allocated.</param>
/// <param name="sources">The sources.</param>
internal sealed class OpenFilesCheck(OpenFiles files, Sources sources) : IDoctorCheck
{
    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.OpenFiles, null, _ => Task.FromResult<IReadOnlyList<DoctorFinding>>([Examine()]))];

    private DoctorFinding Examine()
    {
        if (files.Limit is not { } limit)
            return Finding(DoctorLevel.Pass, $"The system sets no limit of open files, or it is unknown.", null, null);
        Sentence text = $"The process can open {limit} files, which allows {files.Connections} connections at once";
        return files.Connections < LocalHost.MaxConnections
            ? Finding(
                DoctorLevel.Warning, $"{text}.", $"The host closes further connections at once, including those of providers. Providers retry for minutes or hours.",
                $"Raise the limit to at least {OpenFiles.Wanted(sources.All.Count)}, for example with 'ulimit -n' or systemd's LimitNOFILE.")
            : Finding(DoctorLevel.Pass, $"{text}, the most that it accepts.", null, null);
    }

    private static DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why, Sentence? fix) =>
        new() { Check = DoctorCheck.OpenFiles, Level = level, What = what, Why = why, Fix = fix };
}
