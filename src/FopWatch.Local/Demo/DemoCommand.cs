using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Simulator;
using Spectre.Console;

namespace FopWatch.Local.Demo;

/// <summary><c>demo</c>: plays jobs that go wrong in every way, and compares what was recorded with what was expected.</summary>
internal static class DemoCommand
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public static Command Create()
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
            RunAsync(result.GetValue(seed) ?? Random.Shared.Next(1_000_000), result.GetValue(jobs), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(int seed, int count, CancellationToken cancellationToken)
    {
        var console = AnsiConsole.Console;
        await using var run = await DemoRun.StartAsync(seed, count, logging: null, cancellationToken);
        console.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"Playing {count} jobs with seed {seed} at {run.Url}, one minute a second. Look at [link]{run.Url}api/jobs[/] meanwhile.");

        var clock = Stopwatch.StartNew();
        var play = run.PlayAsync(Longest, cancellationToken);
        await ShowProgressAsync(console, run, play, clock);
        await play;

        return ShowResult(console, run, seed, clock.Elapsed);
    }

    private static async Task ShowProgressAsync(IAnsiConsole console, DemoRun run, Task play, Stopwatch clock)
    {
        if (!console.Profile.Capabilities.Interactive || Console.IsOutputRedirected)
        {
            while (await Task.WhenAny(play, Task.Delay(TimeSpan.FromSeconds(5))) != play)
                console.WriteLine(Status(run, clock));
            return;
        }

        await console.Status().Spinner(Spinner.Known.Dots).StartAsync(Status(run, clock), async context =>
        {
            while (await Task.WhenAny(play, Task.Delay(100)) != play)
                context.Status(Status(run, clock));
        });
    }

    private static string Status(DemoRun run, Stopwatch clock) => string.Create(
        CultureInfo.InvariantCulture,
        $"{clock.Elapsed.TotalSeconds,3:0} s: {run.Jobs.Count(job => job.Published is not null)} of {run.Jobs.Count} settled, "
        + $"{run.Counters.NotificationsSent} notifications sent, {run.Counters.StatusQueries} polls answered");

    private static int ShowResult(IAnsiConsole console, DemoRun run, int seed, TimeSpan took)
    {
        console.Write(Outcomes(run));
        console.Write(Shapes(run));

        var wrong = run.Jobs
            .Select(job => (job, differences: job.Differences().ToList()))
            .Where(one => one.differences.Count > 0)
            .OrderBy(one => one.job.Key.Id, StringComparer.Ordinal)
            .ToList();
        foreach (var (job, differences) in wrong)
        {
            console.MarkupLineInterpolated(
                $"[red]{job.Key}[/] ({job.Truth.Shape}; {Faults.Of(job.Truth)}): {string.Join("; ", differences)}");
        }

        var problems = wrong.Count;
        foreach (var problem in Overall(run))
        {
            console.MarkupLineInterpolated($"[red]{problem}[/]");
            problems++;
        }

        var queries = run.Counters.StatusQueriesByAnswer;
        console.MarkupLineInterpolated(
            CultureInfo.InvariantCulture,
            $"{run.Counters.NotificationsSent} notifications sent, {run.Sweep?.Quarantined} quarantined; {run.Counters.StatusQueries} polls, {run.Counters.StatusQueries - queries.GetValueOrDefault(StatusAnswer.Report)} of them answered badly; {took.TotalSeconds:0.0} s.");
        if (problems == 0)
        {
            console.MarkupLineInterpolated($"[green]All {run.Jobs.Count} jobs ended as they should.[/]");
            return 0;
        }

        console.MarkupLineInterpolated($"[red]{problems} difference(s).[/] Play them again with: demo --seed {seed} --jobs {run.Jobs.Count}");
        return 1;
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

    private static Table Outcomes(DemoRun run)
    {
        var table = new Table().Title("Outcomes").AddColumn("state", column => column.NoWrap()).RightAligned("expected", "recorded", "published", "notified", "polled", "differ");
        foreach (var state in (string[])["succeeded", "partiallyFailed", "failed", "cancelled", "expired"])
        {
            var expected = run.Jobs.Where(job => job.Truth.ExpectedState == state).ToList();
            var recorded = run.Jobs.Where(job => Is(job.Recorded, state)).ToList();
            table.AddCounts(
                state,
                expected.Count,
                recorded.Count,
                run.Jobs.Count(job => Is(job.Published, state)),
                recorded.Count(job => job.Recorded!.SettledBy == SettledBy.Notification),
                recorded.Count(job => job.Recorded!.SettledBy != SettledBy.Notification),
                expected.Count(job => job.Differences().Any()));
        }

        return table;
    }

    private static Table Shapes(DemoRun run)
    {
        var table = new Table().Title("What went wrong on the way").AddColumn("fault").RightAligned("jobs", "as expected", "differ");
        foreach (var some in run.Jobs.GroupBy(job => Faults.Of(job.Truth)).OrderBy(some => some.Key, StringComparer.Ordinal))
        {
            var differ = some.Count(job => job.Differences().Any());
            table.AddCounts(some.Key, some.Count(), some.Count() - differ, differ);
        }

        return table;
    }

    private static bool Is(JobRecord? record, string state) =>
        record?.State.ToString().Equals(state, StringComparison.OrdinalIgnoreCase) == true;

    private static Table RightAligned(this Table table, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            table.AddColumn(name, column => column.RightAligned());
        return table;
    }

    private static void AddCounts(this Table table, string name, params ReadOnlySpan<int> counts)
    {
        var cells = new List<string> { Markup.Escape(name) };
        foreach (var count in counts)
            cells.Add(count == 0 ? "[dim]0[/]" : count.ToString(CultureInfo.InvariantCulture));
        table.AddRow([.. cells]);
    }
}
