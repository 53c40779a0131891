using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Hosting;
using FopWatch.Publishing;
using FopWatch.Simulator;
using FopWatch.Sqlite;
using Spectre.Console;
using HostOptions = FopWatch.Local.CommandLine.HostOptions;

namespace FopWatch.Local.Demo;

/// <summary><c>demo</c>: plays jobs with every fault, and compares the recorded outcomes with the expected ones.</summary>
internal static class DemoCommand
{
    private const int DefaultJobs = 200;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private const string More = """
        The host and the provider listen on free ports of 127.0.0.1, which they choose themselves, and the data is in a temporary folder, which is
        deleted at the end. The demo prints the URL of its host. It needs no settings, and does not use those of serve (--urls, --data, --config
        and their variables), so a host that is running is not affected.

        With --keep, the host keeps running at the same URL until Ctrl-C, and the demo prints commands to try with it.

        With 60 jobs or more, every shape of body and every fault occurs.

        Examples:
          $ fopwatch demo
          $ fopwatch demo --seed 7 --jobs 60
          $ fopwatch demo --keep

        Exit codes:
          0    every job ended as expected, even if Ctrl-C ended --keep afterwards
          1    some jobs did not
          2    wrong usage
          3    the demo cannot start
          5    the output cannot be written
          130  Ctrl-C before the comparison
        """;

    public static Command Create(Terminal terminal)
    {
        var seed = WholeNumber.Option("--seed", 0, int.MaxValue, "The seed of the jobs and faults. The same seed plays the same jobs (default: random).");
        var jobs = WholeNumber.Option("--jobs", 1, 5000, $"The number of jobs, 1 to 5000 (default: {DefaultJobs}).");
        var keep = new Option<bool>("--keep") { Description = "Keep the host running after the comparison until Ctrl-C." };
        var command = new ExplainedCommand(
            "demo",
            "Starts the host and a faulty provider, plays jobs over HTTP, and compares the recorded outcomes with the expected ones.",
            More)
        {
            seed,
            jobs,
            keep,
        };
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, () => RunAsync(
            terminal,
            result.GetValue(seed) ?? Random.Shared.Next(1_000_000),
            result.GetValue(jobs) ?? DefaultJobs,
            result.GetValue(keep),
            answers: null,
            cancellationToken)));
        return command;
    }

    /// <param name="terminal">Where to show it.</param>
    /// <param name="seed">The seed of the jobs.</param>
    /// <param name="count">The number of jobs.</param>
    /// <param name="keep">Whether the host keeps running afterwards.</param>
    /// <param name="answers">Replaces the outcome that the provider reports for a job; null to report the expected one.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    /// <returns>The exit code.</returns>
    internal static async Task<int> RunAsync(
        Terminal terminal,
        int seed,
        int count,
        bool keep,
        Func<SimulatedJob, SimulatedJob>? answers,
        CancellationToken cancellationToken)
    {
        try
        {
            await using var run = await DemoRun.StartAsync(seed, count, answers, cancellationToken);
            terminal.WriteText(string.Create(CultureInfo.InvariantCulture, $"Playing {count} jobs with seed {seed}, one minute per second. The provider loses, delays, repeats and forges notifications on purpose."));
            terminal.WriteText($"Dashboard: {run.Url.AbsoluteUri}ui/");

            var clock = Stopwatch.StartNew();
            var play = run.PlayAsync(Longest, cancellationToken);
            await ShowProgressAsync(terminal, run, play, clock);
            await play;

            var code = ShowResult(terminal, run, seed, clock.Elapsed);
            if (keep)
                await KeepAsync(terminal, run, cancellationToken);
            return code;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            terminal.WriteErrorLine("Interrupted before the comparison.");
            return ExitCodes.Interrupted;
        }
        catch (Exception e) when (e is ListenException or StoreOpenException or IOException or UnauthorizedAccessException)
        {
            terminal.WriteErrorLine(new Piece($"The demo cannot start: {e.Message}", Terminal.Wrong));
            return ExitCodes.Unreachable;
        }
    }

    /// <summary>Keeps the host running until Ctrl-C, and suggests some requests.</summary>
    private static async Task KeepAsync(Terminal terminal, DemoRun run, CancellationToken cancellationToken)
    {
        var url = run.Url.AbsoluteUri.TrimEnd('/');
        var job = run.Jobs.Where(job => job.Recorded is not null).MaxBy(job => (job.Recorded!.State == JobState.PartiallyFailed, job.Recorded.Polls));
        terminal.WriteLine();
        terminal.WriteText($"The host keeps running at {url} until Ctrl-C. Its clock runs {DemoRun.Compression:0} times as fast as real time. The dashboard is at {url}/ui/. You can also try:");
        terminal.WriteCommand($"fopwatch plan --url {url}");
        terminal.WriteCommand($"curl '{url}/api/jobs?state=partiallyFailed&top=3'");
        if (job is not null)
            terminal.WriteCommand($"curl {url}/api/jobs/{job.Key.Source}/{job.Key.Id}");
        terminal.WriteCommand($"curl -N -H 'Last-Event-ID: 0' {url}/events");
        terminal.WriteCommand($"curl {url}/api/quarantine");
        terminal.WriteCommand($"fopwatch watch --from start --url {url}");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C is the normal end. The comparison decided the exit code.
        }
    }

    private static async Task ShowProgressAsync(Terminal terminal, DemoRun run, Task play, Stopwatch clock)
    {
        if (!terminal.IsLive)
        {
            while (await Task.WhenAny(play, Task.Delay(TimeSpan.FromSeconds(5))) != play)
                terminal.WriteLine(Status(run, clock));
            return;
        }

        await terminal.Console.Status().Spinner(Spinner.Known.Dots).StartAsync(Status(run, clock), async context =>
        {
            while (await Task.WhenAny(play, Task.Delay(100)) != play)
                context.Status(Status(run, clock));
        });
    }

    private static string Status(DemoRun run, Stopwatch clock) => string.Create(
        CultureInfo.InvariantCulture,
        $"{clock.Elapsed.TotalSeconds,3:0} s: {run.Jobs.Count(job => job.Published is not null)} of {run.Jobs.Count} settled, "
        + $"{run.Counters.NotificationsSent} notifications sent, {run.Counters.StatusQueries} polls answered");

    private static int ShowResult(Terminal terminal, DemoRun run, int seed, TimeSpan took)
    {
        ShowOutcomes(terminal, run);
        ShowFaults(terminal, run);

        var problems = new List<string>(Overall(run));
        foreach (var job in run.Jobs.OrderBy(job => job.Key.Id, StringComparer.Ordinal))
        {
            var differences = job.Differences().ToList();
            if (differences.Count > 0)
                problems.Add($"{job.Key} ({job.Truth.Shape}; {Faults.Of(job.Truth)}): {string.Join("; ", differences)}");
        }

        foreach (var problem in problems)
            terminal.WriteText(new Piece(problem, Terminal.Wrong));

        var truthful = run.Counters.StatusQueriesByAnswer.GetValueOrDefault(StatusAnswer.Report);
        terminal.WriteText(string.Create(
            CultureInfo.InvariantCulture,
            $"{run.Counters.NotificationsSent} notifications sent, {run.Sweep?.Quarantined} quarantined; "
            + $"{run.Counters.StatusQueries} polls, {run.Counters.StatusQueries - truthful} of them with faulty answers; {took.TotalSeconds:0} s."));
        if (problems.Count == 0)
        {
            terminal.WriteLine(new Piece($"All {run.Jobs.Count} jobs ended as expected.", new Style(Color.Green)));
            return ExitCodes.Ok;
        }

        terminal.WriteText(
            new Piece($"{problems.Count} difference(s).", Terminal.Wrong),
            " Play the same jobs again with:");
        terminal.WriteCommand(string.Create(CultureInfo.InvariantCulture, $"fopwatch demo --seed {seed} --jobs {run.Jobs.Count}"));
        return ExitCodes.Failed;
    }

    private static IEnumerable<string> Overall(DemoRun run)
    {
        if (run.IsTimeUp)
            yield return "The time limit passed before every outcome arrived. Missing outcomes below may be late, not lost.";
        if (run.Sweep is not { } sweep)
        {
            yield return "The final sweep did not run.";
            yield break;
        }

        if (sweep.Unaccounted != 0)
            yield return $"{sweep.Unaccounted} jobs are unaccounted for.";
        if (sweep.OutboxDepth != 0)
            yield return $"{IOutbox.InWords(sweep.OutboxDepth)} events were not published.";
        if (run.Counters.RedirectsFollowed != 0)
            yield return $"{run.Counters.RedirectsFollowed} redirects to another host were followed.";
        if (run.LoggedSecrets != 0)
            yield return $"{run.LoggedSecrets} lines of the log hold a secret of a command.";
    }

    private static void ShowOutcomes(Terminal terminal, DemoRun run)
    {
        var table = new TextTable(terminal, "outcome", "expected", "recorded", "events", "notified", "polled", "differ") { HasNumbers = true };
        foreach (var state in (JobState[])[JobState.Succeeded, JobState.PartiallyFailed, JobState.Failed, JobState.Cancelled, JobState.Expired])
        {
            var expected = run.Jobs.Where(job => job.Truth.ExpectedState == WireNames.Of(state)).ToList();
            var recorded = run.Jobs.Where(job => job.Recorded?.State == state).ToList();
            AddCounts(
                table,
                Terminal.State(state),
                expected.Count,
                recorded.Count,
                run.Jobs.Count(job => job.Published?.State == state),
                recorded.Count(job => job.Recorded!.SettledBy == SettledBy.Notification),
                recorded.Count(job => job.Recorded!.SettledBy != SettledBy.Notification),
                expected.Count(job => job.Differences().Any()));
        }

        table.Write();
        terminal.WriteLine();
    }

    private static void ShowFaults(Terminal terminal, DemoRun run)
    {
        var table = new TextTable(terminal, "what went wrong on the way", "jobs", "as expected", "differ") { HasNumbers = true };
        foreach (var some in run.Jobs.GroupBy(job => Faults.Of(job.Truth)).OrderBy(some => some.Key, StringComparer.Ordinal))
        {
            var differ = some.Count(job => job.Differences().Any());
            AddCounts(table, some.Key, some.Count(), some.Count() - differ, differ);
        }

        table.Write();
        terminal.WriteLine();
    }

    private static void AddCounts(TextTable table, Piece name, params ReadOnlySpan<int> counts)
    {
        var cells = new List<Piece> { name };
        foreach (var count in counts)
            cells.Add(new(count.ToString(CultureInfo.InvariantCulture), count == 0 ? Terminal.Dim : null));
        table.Add([.. cells]);
    }
}
