using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Webhooks;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Reads the settings again when their file changes, or on request, and applies what can change while the host runs: sources, API keys and webhooks. Settings
/// that are wrong change nothing, and are reported for as long as the file stays so.
/// </summary>
/// <remarks>
/// It looks at the content of the file. Whoever replaces the file, writes it twice or swaps a link to it is noticed alike, on every file system.
/// </remarks>
/// <param name="started">What the host was started with. Its sources are those that everybody has, and that are replaced.</param>
/// <param name="keys">The API keys.</param>
/// <param name="webhooks">The webhooks.</param>
/// <param name="loops">Gives new webhooks their place.</param>
/// <param name="files">How many files the process may open.</param>
/// <param name="troubles">Is told while the file is not what the host runs with.</param>
/// <param name="listening">The URL that the host listens on.</param>
/// <param name="log">The log.</param>
internal sealed class SettingsReload(
    HostSettings started,
    Replaceable<ApiKeys> keys,
    ConfiguredWebhooks webhooks,
    WebhookLoops loops,
    OpenFiles files,
    Troubles troubles,
    Func<Uri> listening,
    ILogger log)
{
    /// <summary>How often the file is looked at.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    /// <summary>How long a file has to stay as it is until it counts: nobody is writing it then.</summary>
    public static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    // Often enough that a trouble that goes on is not forgotten.
    private static readonly TimeSpan ReportedEvery = Troubles.Forgotten / 2;

    // Real time, whatever clock the host goes by: others change the file.
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly WakeSignal _signal = new(TimeProvider.System);
    private HostSettings? _applied;
    private volatile SettingsDifference _difference = SettingsDifference.None;
    private long _reportedAt;
    private int _asked;

    /// <summary>How the file differs from what the host runs with.</summary>
    public SettingsDifference Difference => _difference;

    private HostSettings Applied => _applied ?? started;

    /// <summary>Reads the settings again now. Several requests at once are one.</summary>
    public void Ask()
    {
        Volatile.Write(ref _asked, 1);
        _signal.Wake();
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // What is seen and not yet settled, if anything.
        string? changing = null;
        var known = Applied.ReadFrom!.Seen;
        for (var isAsked = false; ; )
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

            // A request cuts the wait short, so the same content then says nothing.
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
                // Somebody may be writing it.
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

        // What may no longer be used is refused first of all. A new webhook has its place before anything of a new source is recorded.
        keys.Replace(read.Keys);
        webhooks.Replace(read.Webhooks);
        try
        {
            await loops.PlaceAsync(cancellationToken);
        }
        catch (StoreUnavailableException)
        {
            // The loops try it again.
        }

        started.Shared.Sources.Replace(sources);
        removed.ForEach(troubles.Forget);
        _applied = read;

        var (pending, pendingBefore) = (started.ChangedForNextStart(read), _difference.Pending);
        _difference = new([], pending);
        Report();
        if (read.ReadFrom!.Exists)
            log.SettingsReadAgain(read.ReadFrom.File, changes.Length > 0 ? string.Join("; ", changes) : "nothing changed");
        else
            log.NothingToReadAgain(read.ReadFrom.File);
        foreach (var warning in warnings)
            log.DoubtfulSetting(warning);
        if (files.AreTooFewFor(sources.Count))
            log.FewDescriptors(files.Limit!.Value, files.Connections, OpenFiles.Wanted(sources.Count));
        if (pending.Count > 0 && !pending.SequenceEqual(pendingBefore))
            log.EffectiveAtNextStart(string.Join(", ", pending));
    }

    private void Refuse(SettingsException refused)
    {
        var file = Applied.ReadFrom!.File;

        // Where the file is, is for the log alone.
        _difference = _difference with { Problems = [.. refused.Problems.Select(problem => problem.Replace(file, Path.GetFileName(file), StringComparison.Ordinal))] };
        Report();
        log.SettingsRefused(file, string.Join("; ", refused.Problems));
    }

    private void Report()
    {
        _reportedAt = _time.GetTimestamp();
        var (problems, pending) = (_difference.Problems, _difference.Pending);
        if (problems.Count > 0)
            troubles.Occurred(null, TroubleKind.SettingsWrong, problems.Count == 1 ? problems[0] : $"{problems[0]}, and {problems.Count - 1} more");
        else
            troubles.Ended(TroubleKind.SettingsWrong);
        if (pending.Count > 0)
            troubles.Occurred(null, TroubleKind.RestartNeeded, string.Join(", ", pending));
        else
            troubles.Ended(TroubleKind.RestartNeeded);
    }

    private IReadOnlyList<string> Warnings(IEnumerable<Source> sources) => (started.Shared with { Sources = new(sources) }).Warnings(listening());
}

/// <summary>How the settings file differs from what a host runs with.</summary>
/// <param name="Problems">What is wrong with the file, of which nothing applies; none if it applies.</param>
/// <param name="Pending">The names of settings that have other values since the start, and take effect at the next.</param>
internal sealed record SettingsDifference(IReadOnlyList<string> Problems, IReadOnlyList<string> Pending)
{
    /// <summary>None.</summary>
    public static SettingsDifference None { get; } = new([], []);
}
