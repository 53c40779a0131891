using System.Text.Json;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Local.Examining;
using FopWatch.Local.Hosting;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Webhooks;
using FopWatch.Wording;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Local.CommandLine;

/// <summary>Runs the checks that need no host: settings, data folder, database, status APIs and the receivers of webhooks.</summary>
internal static class OfflineDoctor
{
    /// <summary>How long a status API may take. It is less than the limit of a step, so that the finding reports the time-out.</summary>
    private static readonly TimeSpan StatusTimeout = TimeSpan.FromSeconds(14);

    /// <summary>How long the checks may take. With the 10 seconds for which a host was tried, it is less than a minute.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(45);

    /// <param name="config">The settings file; null for the default.</param>
    /// <param name="data">The data folder.</param>
    /// <param name="why">Why no host was asked, as a sentence.</param>
    /// <param name="tell">Receives the origin of the settings. It is a path, which a report must not contain.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<Client.DoctorReport> ExamineAsync(string? config, string data, string why, Action<string> tell, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var found = new List<DoctorFinding>();
        var checks = new List<IDoctorCheck>();
        IReadOnlyList<Webhook> webhooks = [];
        var notExamined = new List<DoctorFinding>
        {
            Skipped(DoctorCheck.NotifyUrl, $"{why} Only a running host can recognise the notification that it sends to itself."),
            Skipped(DoctorCheck.Traffic, $"{why} Only a running host knows its traffic."),
        };
        using var http = StatusClient.CreateHttp();
        try
        {
            var settings = SettingsFile.Read(config, HostSettings.DefaultUrls, data);
            tell(settings.ReadFrom!.ToWords());
            if (settings.ReadFrom is { Exists: false, Variables: 0 })
                found.Add(NoSettings);
            else
                checks.Add(new SettingsCheck(settings.Shared) { Listening = new(settings.Urls) });
            webhooks = settings.Webhooks;
            checks.Add(new StatusApiCheck(settings.Shared, new(http, time, new() { Timeout = StatusTimeout, MaxAnswerLength = settings.Shared.MaxAnswerBytes }), time));
        }
        catch (SettingsException e)
        {
            found.AddRange(e.Problems.Select(problem => new DoctorFinding
            {
                Check = DoctorCheck.Settings,
                Level = DoctorLevel.Trouble,
                What = $"{problem.TrimEnd('.')}.",
                Why = $"The host cannot start with these settings.",
            }));
            if (e.Origin is { } origin)
                tell(origin);
            notExamined.Insert(0, Skipped(DoctorCheck.StatusApi, $"No status API was asked: the settings are invalid."));
        }

        checks.Add(new DataFolderCheck(data, isOfHost: false));
        checks.Add(new DatabaseCheck(data, null));
        checks.Add(new WebhooksCheck(new(webhooks), null));
        var report = await new Doctor(checks, new(), new() { Whole = Longest }, time, NullLogger.Instance).ExamineAsync(cancellationToken);

        // The same JSON as a host's answer.
        var json = JsonSerializer.SerializeToUtf8Bytes(report! with { Findings = [.. found, .. report.Findings, .. notExamined] }, ApiJson.Wire.DoctorReport);
        return JsonSerializer.Deserialize(json, Client.FopWatchJson.TypeOf<Client.DoctorReport>())!;
    }

    private static DoctorFinding NoSettings => new()
    {
        Check = DoctorCheck.Settings,
        Level = DoctorLevel.Warning,
        What = $"There are no settings here: no {SettingsFile.DefaultName} in this folder, and no FopWatch__… variable.",
        Why = $"If a host is installed on this machine, its settings and its data folder are elsewhere, and were not examined.",
        Fix = $"Give --config and --data as for the host, or run doctor in its folder. For a host on another machine, give --url. For a new installation, run fopwatch init.",
    };

    private static DoctorFinding Skipped(DoctorCheck check, Sentence what) => new() { Check = check, Level = DoctorLevel.Skipped, What = what };
}
