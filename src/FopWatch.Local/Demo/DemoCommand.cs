using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Local.CommandLine;
using FopWatch.Simulator;
using Spectre.Console;

namespace FopWatch.Local.Demo;

/// <summary><c>demo</c>: plays jobs that go wrong in every way, and compares what was recorded with what was expected.</summary>
internal static class DemoCommand
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public static Command Create(Terminal terminal)
    {
        var seed = new Option<int?>("--seed") { Description = "What decides every job and fault; the same seed plays the same jobs. Default: a random one." };
        var jobs = new Option<int>("--jobs")
        {
            Description = "How many jobs: 1 to 5000. From 60 on, every shape and every fault occurs.",
            DefaultValueFactory = _ => 200,
        };
        jobs.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 5000)
                result.AddError("--jobs is a number from 1 to 5000.");
        });
        var command = new Command(
            "demo",
            "Starts the host and a provider that misbehaves, plays jobs over HTTP in under a minute, and shows what was expected and what was recorded. Exits with 1 on any difference.")
        {
            seed,
            jobs,
        };
        command.SetAction((result, cancellationToken) =>
            RunAsync(terminal, result.GetValue(seed) ?? Random.Shared.Next(1_000_000), result.GetValue(jobs), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, int seed, int count, CancellationToken cancellationToken)
    {
        await using var run = await DemoRun.StartAsync(seed, count, logging: null, cancellationToken);
        terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Playing {count} jobs with seed {seed}, a minute a second."));
        terminal.WriteLine($"Meanwhile, look at {run.Url.AbsoluteUri}api/jobs or {run.Url.AbsoluteUri}events");

        var clock = Stopwatch.StartNew();
        var play = run.PlayAsync(Longest, cancellationToken);
        await ShowProgressAsync(terminal, run, play, clock);
        await play;

        return ShowResult(terminal, run, seed, clock.Elapsed);
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
            terminal.WriteLine(new Piece(problem, Terminal.Wrong));

        var truthful = run.Counters.StatusQueriesByAnswer.GetValueOrDefault(StatusAnswer.Report);
        terminal.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{run.Counters.NotificationsSent} notifications sent, {run.Sweep?.Quarantined} quarantined; "
            + $"{run.Counters.StatusQueries} polls, {run.Counters.StatusQueries - truthful} of them answered badly; {took.TotalSeconds:0} s."));
        if (problems.Count == 0)
        {
            terminal.WriteLine(new Piece($"All {run.Jobs.Count} jobs ended as they should.", new Style(Color.Green)));
            return ExitCodes.Ok;
        }

        terminal.WriteLine(
            new Piece($"{problems.Count} difference(s).", Terminal.Wrong),
            string.Create(CultureInfo.InvariantCulture, $" Play them again with: demo --seed {seed} --jobs {run.Jobs.Count}"));
        return ExitCodes.Failed;
    }

    private static IEnumerable<string> Overall(DemoRun run)
    {
        if (run.Sweep is not { } sweep)
        {
            yield return "The books were not checked.";
            yield break;
        }

        if (sweep.Unaccounted != 0)
            yield return $"{sweep.Unaccounted} jobs are unaccounted for.";
        if (sweep.OutboxDepth != 0)
            yield return $"{sweep.OutboxDepth} events were not published.";
        if (run.Counters.RedirectsFollowed != 0)
            yield return $"{run.Counters.RedirectsFollowed} redirects to another host were followed.";
    }

    private static void ShowOutcomes(Terminal terminal, DemoRun run)
    {
        var table = terminal.NewTable("outcome", "expected", "recorded", "published", "by notification", "by poll", "differ");
        foreach (var state in (JobState[])[JobState.Succeeded, JobState.PartiallyFailed, JobState.Failed, JobState.Cancelled, JobState.Expired])
        {
            var expected = run.Jobs.Where(job => job.Truth.ExpectedState == Terminal.Name(state)).ToList();
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

        Show(terminal, table);
    }

    private static void ShowFaults(Terminal terminal, DemoRun run)
    {
        var table = terminal.NewTable("what went wrong on the way", "jobs", "as expected", "differ");
        foreach (var some in run.Jobs.GroupBy(job => Faults.Of(job.Truth)).OrderBy(some => some.Key, StringComparer.Ordinal))
        {
            var differ = some.Count(job => job.Differences().Any());
            AddCounts(table, some.Key, some.Count(), some.Count() - differ, differ);
        }

        Show(terminal, table);
    }

    private static void Show(Terminal terminal, Table table)
    {
        foreach (var column in table.Columns.Skip(1))
            column.RightAligned();
        terminal.Console.Write(table);
        terminal.WriteLine();
    }

    private static void AddCounts(Table table, Piece name, params ReadOnlySpan<int> counts)
    {
        var cells = new List<Spectre.Console.Rendering.IRenderable> { Terminal.Cell(name) };
        foreach (var count in counts)
            cells.Add(Terminal.Cell(new(count.ToString(CultureInfo.InvariantCulture), count == 0 ? Terminal.Dim : null)));
        table.AddRow(cells);
    }
}
