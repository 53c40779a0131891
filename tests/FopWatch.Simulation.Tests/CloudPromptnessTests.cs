using System.Globalization;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Simulator;

namespace FopWatch.Simulation.Tests;

/// <summary>
/// What the cloud host does immediately when nothing fails. In histories with faults the timers compensate for missing actions, so the timers of most
/// histories here run once a day. See also <see cref="PromptnessTests"/>, for both hosts.
/// </summary>
public sealed class CloudPromptnessTests
{
    /// <summary>The latency of the queues, plus a turn or two.</summary>
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    [Fact]
    public void A_broker_outage_delays_one_commit_and_a_sweep_publishes_when_the_broker_is_back()
    {
        // The notifications come a second apart. The first one's commit is delayed, the next ones do not try the broker.
        JobScript[] jobs = [.. Enumerable.Range(0, 5).Select(i => Named(Scenarios.Job() with { SubmittedAfter = TimeSpan.FromSeconds(i) }, $"z0.job-{i}"))];
        var world = Play(jobs, timers: TimeSpan.FromMinutes(5), faults: [.. Enumerable.Range(1, 2).Select(nth => (Call.Publish, nth, Fault.Fails))]);

        var failed = world.Scheduler.Trace.Lines.Where(line => line.Contains(" Publish ", StringComparison.Ordinal) && line.Contains("Fails", StringComparison.Ordinal))
            .Select(line => TimeSpan.Parse(line[3..11], CultureInfo.InvariantCulture))
            .ToList();
        Assert.Equal(2, failed.Count);
        Assert.InRange(failed[1] - failed[0], TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5));
        Assert.Equal(5, world.Broker.Published.DistinctBy(one => one.Key).Count());
    }

    [Fact]
    public void A_watch_started_in_advance_makes_its_first_step_when_its_job_is_due()
    {
        var world = Play([Scenarios.Job() with { Notifies = false }], timers: TimeSpan.FromMinutes(1));

        var job = Assert.Single(world.Store.Jobs);
        Assert.InRange(job.SettledAt!.Value, job.RegisteredAt + Scenarios.Poll.First, job.RegisteredAt + Scenarios.Poll.First + AtOnce);
        Assert.Equal((1, 1), (world.Tally["steps"], world.Tally["polls"]));
    }

    [Fact]
    public void A_hint_starts_a_watch_immediately_and_a_later_one_wakes_it()
    {
        // The first comes while the job is being processed, the second when it is done. Neither is signed.
        var script = Scenarios.Job() with { Fakes = [(Fake.NoSignature, TimeSpan.FromSeconds(20))] };
        script = script with { Job = script.Job with { Signing = SigningScheme.None } };
        var asked = new List<TimeSpan>();
        var world = Play([script], world => world.Store.Committed = Chain(world.Store.Committed, commit =>
        {
            if (commit.Job.Watch.LastPolledAt is { } at && !asked.Contains(at - Scenario.Start))
                asked.Add(at - Scenario.Start);
        }));

        Assert.Equal(2, asked.Count);
        Assert.InRange(asked[0], TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(20) + AtOnce);
        Assert.InRange(asked[1], script.Job.DoneAfter, script.Job.DoneAfter + AtOnce);
        Assert.Equal(SettledBy.Poll, Assert.Single(world.Store.Jobs).SettledBy);
    }

    [Fact]
    public void A_notification_ends_a_sleeping_watch()
    {
        var world = Play([Scenarios.Job() with { FirstPollAfter = TimeSpan.FromSeconds(70) }]);

        Assert.Equal((1, 0), (world.Tally["watches terminated"], world.Tally["steps"]));
    }

    [Fact]
    public void A_poll_that_settles_its_job_ends_its_watch_through_its_result()
    {
        var world = Play([Scenarios.Job() with { Notifies = false, FirstPollAfter = TimeSpan.FromSeconds(70) }]);

        Assert.Equal((0, 1), (world.Tally["watches terminated"], world.Tally["steps"]));
    }

    private static SimulatedWorld Play(
        JobScript[] jobs,
        Action<SimulatedWorld>? prepare = null,
        TimeSpan? timers = null,
        IReadOnlyList<(Call Call, int Nth, Fault Fault)>? faults = null)
    {
        var scenario = Scenarios.Scenario(HostKind.Cloud, jobs[0]) with
        {
            Jobs = jobs,
            LongestSleep = timers ?? TimeSpan.FromDays(1),
            Script = faults ?? [],
        };
        var history = History.Play(scenario, keepTrace: true, prepare);
        Assert.True(history.Violation is null, $"{history.Violation}\n{string.Join('\n', history.SimulatedWorld.Scheduler.Trace.Lines)}");
        return history.SimulatedWorld;
    }

    private static JobScript Named(JobScript script, string id) => script with { Job = script.Job with { Id = id } };

    private static Action<Job?, JobCommit>? Chain(Action<Job?, JobCommit>? first, Action<JobCommit> second) => first + ((_, commit) => second(commit));
}
