using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Webhooks;
using FopWatch.Wording;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Reloads the settings when their file changes, or on request, and applies what can change while the host runs: sources, API keys and webhooks. Invalid
/// settings change nothing, and are reported until the file is corrected.
/// </summary>
/// <remarks>
/// It compares the content of the file. That detects a rewritten file, a renamed one and a swapped link alike, on every file system.
/// </remarks>
/// <param name="started">The settings at the start. Their <see cref="Sources"/> object is shared by the host, and its content is replaced.</param>
/// <param name="keys">The API keys.</param>
/// <param name="webhooks">The webhooks.</param>
/// <param name="loops">Starts new webhooks at the end of the log.</param>
/// <param name="jobs">The jobs, of which a removed source leaves some open.</param>
/// <param name="files">The limit of open files.</param>
/// <param name="troubles">Receives a trouble while the file differs from what the host runs with.</param>
/// <param name="listening">The URL that the host listens on.</param>
/// <param name="log">The log.</param>
internal sealed class SettingsReload(
    HostSettings started,
    Replaceable<ApiKeys> keys,
    ConfiguredWebhooks webhooks,
    WebhookLoops loops,
    IJobStore jobs,
    OpenFiles files,
    Troubles troubles,
    Func<Uri> listening,
    ILogger log)
{
    /// <summary>How often the file is read.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>How long a changed file must stay the same before it is applied, because it may still be being written.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    // Often enough that a lasting trouble is not forgotten.
    private static readonly TimeSpan ReportedEvery = Troubles.Forgotten / 2;

    // Real time, even if the host uses another clock: the file changes in real time.
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly WakeSignal _signal = new(TimeProvider.System);
    private HostSettings? _applied;
    private volatile SettingsDifference _difference = SettingsDifference.None;
    private long _reportedAt;
    private int _asked;

    /// <summary>How the file differs from what the host runs with.</summary>
    public SettingsDifference Difference => _difference;

    private HostSettings Applied => _applied ?? started;

    /// <summary>Reloads the settings now. Several requests at once count as one.</summary>
    public void Ask()
    {
        Volatile.Write(ref _asked, 1);
        _signal.Wake();
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // A changed content that is not settled yet.
        string? changing = null;
        var known = Applied.ReadFrom!.Seen;
        for (var isAsked = false; ;)
        {
            await _signal.SleepAsync(changing is null ? LookEvery : Settled, cancellationToken);
            var isWoken = Interlocked.Exchange(ref _asked, 0) == 1;
            isAsked |= isWoken;
            if (isAsked && Applied.ReadFrom!.ReadAgain is null)
            {
                log.ReadOnlyOnce(Applied.ReadFrom.File);
                isAsked = false;
            }

            var seen = Applied.ReadFrom!.Look();
            if (seen == known && !isAsked)
            {
                changing = null;
                if (_time.GetElapsedTime(_reportedAt) >= ReportedEvery)
                    Report();
                continue;
            }

            // A request cuts the wait short, so unchanged content is no proof then.
            var isSettled = seen == known || (seen == changing && !isWoken);
            changing = seen;
            if (!isAsked && !isSettled)
                continue;
            try
            {
                var read = Read();
                await ApplyAsync(read, cancellationToken);
                known = read.ReadFrom!.Seen;
            }
            catch (SettingsException) when (!isSettled)
            {
                // The file may still be being written.
                continue;
            }
            catch (SettingsException e)
            {
                Refuse(e);
                known = seen;
            }

            (changing, isAsked) = (null, false);
        }
    }

    private HostSettings Read()
    {
        var read = Applied.ReadFrom!.ReadAgain!();

        // The URLs stay as they are until the next start, whatever the file says.
        return read.Keys.IsEmpty && started.WhyKeyIsNeeded() is { } why
            ? throw new SettingsException([$"{FopWatchSettings.Section}:{HostSettings.ApiKeyName} {why}"])
            : read;
    }

    private async Task ApplyAsync(HostSettings read, CancellationToken cancellationToken)
    {
        var (before, sourcesBefore, sources) = (Applied, started.Shared.Sources.All, read.Shared.Sources.All);
        string[] changes =
        [
            .. NamedChanges.Of("source", sourcesBefore.ToDictionary(source => source.Name), sources.ToDictionary(source => source.Name)),
            .. NamedChanges.Of("API key", before.Keys.ByName, read.Keys.ByName),
            .. NamedChanges.Of("webhook", before.Webhooks.ToDictionary(webhook => webhook.Name), read.Webhooks.ToDictionary(webhook => webhook.Name)),
        ];
        string[] warnings = [.. Warnings(sources).Except(Warnings(sourcesBefore))];
        var removed = sourcesBefore.Select(source => source.Name).Except(sources.Select(source => source.Name)).ToList();

        // Keys first, so that removed ones are refused. Webhooks next, so that new ones have their position before a new source records anything.
        keys.Replace(read.Keys);
        webhooks.Replace(read.Webhooks);
        try
        {
            await loops.StartNewAsync(cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // The loops retry.
        }

        started.Shared.Sources.Replace(sources);
        removed.ForEach(troubles.Forget);
        _applied = read;

        var (pending, pendingBefore) = (started.ChangedForNextStart(read), _difference.Pending);
        var isNews = pending.Count > 0 && !pending.SequenceEqual(pendingBefore);
        _difference = new([], pending);
        Report(isLogged: isNews);
        if (read.ReadFrom!.Exists)
            log.SettingsReadAgain(read.ReadFrom.File, changes.Length > 0 ? string.Join("; ", changes) : "nothing changed");
        else
            log.NothingToReadAgain(read.ReadFrom.File);
        if (sources.Count == 0 && sourcesBefore.Count > 0)
            log.NoSources();
        if (removed.Count > 0)
            await WarnOfOpenJobsAsync(removed, cancellationToken);
        foreach (var warning in warnings)
            log.DoubtfulSetting(warning);
        foreach (var source in sources.ExceptBy(sourcesBefore.Select(one => one.Name), source => source.Name))
            log.SourceConfigured(source, started.Shared, listening());
        if (files.AreTooFewFor(sources.Count))
            log.FewDescriptors(files.Limit!.Value, files.Connections, OpenFiles.Wanted(sources.Count));
        if (isNews)
            log.EffectiveAtNextStart(string.Join(", ", pending));
    }

    private async Task WarnOfOpenJobsAsync(List<string> removed, CancellationToken cancellationToken)
    {
        try
        {
            // The store keeps these counts, so this does not count jobs.
            var books = (await jobs.PartsAsync(cancellationToken)).SelectMany(part => part.Books);
            foreach (var one in books.Where(one => one.Open > 0 && removed.Contains(one.Source)).OrderBy(one => one.Source, StringComparer.Ordinal))
                log.OpenJobsLeft(one.Source, one.Open);
        }
        catch (StoreUnavailableException)
        {
            // A trouble of its own reports it.
        }
    }

    private void Refuse(SettingsException refused)
    {
        var file = Applied.ReadFrom!.File;

        // Only the log names the folder of the file.
        _difference = _difference with { Problems = [.. refused.Problems.Select(problem => problem.Replace(file, Path.GetFileName(file), StringComparison.Ordinal))] };
        log.SettingsRefused(file, string.Join("; ", refused.Problems));
        Report(isLogged: true);
    }

    /// <summary>Reports the difference as troubles.</summary>
    /// <param name="isLogged">Whether a line of its own says it in the log.</param>
    private void Report(bool isLogged = false)
    {
        _reportedAt = _time.GetTimestamp();
        var (problems, pending) = (_difference.Problems, _difference.Pending);
        if (problems.Count > 0)
            troubles.Occurred(null, TroubleKind.SettingsWrong, Sentence.Verbatim(problems.Count == 1 ? problems[0] : $"{problems[0]}, and {problems.Count - 1} more"), isLogged);
        else
            troubles.Ended(TroubleKind.SettingsWrong);
        if (pending.Count > 0)
            troubles.Occurred(null, TroubleKind.RestartNeeded, Sentence.Verbatim(string.Join(", ", pending)), isLogged);
        else
            troubles.Ended(TroubleKind.RestartNeeded);
    }

    private IReadOnlyList<string> Warnings(IEnumerable<Source> sources) => (started.Shared with { Sources = new(sources) }).Warnings(listening());
}

/// <summary>How the settings file differs from what a host runs with.</summary>
/// <param name="Problems">The problems of the file, of which nothing applies; none if it applies.</param>
/// <param name="Pending">The names of settings that were changed since the start and take effect at the next start.</param>
internal sealed record SettingsDifference(IReadOnlyList<string> Problems, IReadOnlyList<string> Pending)
{
    public static SettingsDifference None { get; } = new([], []);
}
