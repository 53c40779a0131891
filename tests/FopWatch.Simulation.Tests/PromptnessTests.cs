using System.Text;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests;

/// <summary>
/// The effect of wake-ups. A lost wake-up makes no outcome wrong, because every loop looks again after its longest sleep. Here that sleep is a day, so
/// work without a wake-up comes too late.
/// </summary>
public sealed class PromptnessTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>The latency of the cloud host's queues, plus a second.</summary>
    private static readonly TimeSpan Promptly = TimeSpan.FromSeconds(1.5);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public void A_hint_has_its_job_polled_immediately()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with { Notifies = false, Fakes = [(Fake.NoSignature, TimeSpan.FromSeconds(40))] };

            var entries = Played(Restful(host, job));

            Assert.InRange(First(entries, "asks") - First(entries, "is notified"), TimeSpan.Zero, Promptly);
        }
    }

    [Fact]
    public void The_first_poll_comes_when_it_is_due()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with { Notifies = false, FirstPollAfter = TimeSpan.FromSeconds(70) };

            var entries = Played(Restful(host, job));

            Assert.InRange(First(entries, "asks") - job.RegisteredAfter - job.FirstPollAfter.Value, TimeSpan.Zero, Promptly);
        }
    }

    [Fact]
    public void An_event_is_published_as_soon_as_it_is_committed()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var entries = Played(Restful(host, Scenarios.Job(Simulator.BodyShape.WangsuFops, separate: true)));

            var committed = entries.Where(entry => entry.What == "has" && entry.Result!.EndsWith("+event", StringComparison.Ordinal)).ToList();
            Assert.NotEmpty(committed);
            Assert.All(committed, commit => Assert.Contains(
                entries, entry => entry.What == nameof(Call.Publish) && entry.At >= commit.At && entry.At - commit.At <= Promptly));
        }
    }

    [Fact]
    public void Events_left_in_the_outbox_by_a_crash_are_published_at_the_next_start()
    {
        foreach (var host in Enum.GetValues<HostKind>())
        {
            // The cloud host does not do this at its start, but has a timer every minute.
            var scenario = Restful(host, Scenarios.Job()) with
            {
                LongestSleep = host == HostKind.Cloud ? TimeSpan.FromMinutes(1) : Day,
                Script = [(Call.Publish, 1, Fault.CrashBefore)],
            };

            var entries = Played(scenario);

            // A crashed process is down for at most four minutes.
            var crashed = First(entries, "crashes");
            var published = entries.First(entry => entry.What == nameof(Call.Publish)).At - Scenario.Start;
            Assert.InRange(published - crashed, TimeSpan.Zero, TimeSpan.FromMinutes(host == HostKind.Cloud ? 5 : 4) + Promptly);
        }
    }

    [Fact]
    public void Jobs_without_a_free_slot_are_polled_when_there_is_one()
    {
        const int Count = 24;
        foreach (var host in Enum.GetValues<HostKind>())
        {
            var job = Scenarios.Job() with { Notifies = false, FirstPollAfter = TimeSpan.FromSeconds(70) };
            var scenario = Restful(host, job) with
            {
                Sources = [Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll with { PerSecond = 2 })],
                Jobs = [.. Enumerable.Range(0, Count).Select(i => job with { Job = job.Job with { Id = $"z0.job-{i}" } })],
            };

            var entries = Played(scenario);

            // As fast as the rate allows. In the cloud, polls without a slot wait as timers.
            var asked = entries.Where(entry => entry.What == "asks").Select(entry => entry.At - Scenario.Start - job.RegisteredAfter - job.FirstPollAfter.Value).ToList();
            Assert.Equal(Count, asked.Count);
            Assert.InRange(asked.Max(), TimeSpan.Zero, TimeSpan.FromSeconds(host == HostKind.Cloud ? 30 : 13));
        }
    }

    [Fact]
    public void A_job_that_becomes_due_while_the_loop_reads_the_index_is_polled_when_it_is_due()
    {
        // The loop sleeps until the first job is due, which has ended by then, and learns two seconds later that there is no other. Before
        // that, the second job is registered.
        var first = Scenarios.Job();
        first = first with
        {
            FirstPollAfter = TimeSpan.FromSeconds(59),
            Job = first.Job with { DoneAfter = TimeSpan.FromSeconds(35) },
        };
        var second = Scenarios.Job();
        second = second with
        {
            Notifies = false,
            Job = second.Job with { Id = "z0.second" },
            RegisteredAfter = TimeSpan.FromSeconds(63),
            FirstPollAfter = TimeSpan.FromSeconds(30),
        };
        var scenario = Restful(HostKind.Embedded, first) with
        {
            Jobs = [first, second],
            Delays = new Dictionary<Call, TimeSpan> { [Call.NextDue] = TimeSpan.FromSeconds(2) },
        };

        var entries = Played(scenario);

        Assert.InRange(First(entries, "asks"), TimeSpan.FromSeconds(93), TimeSpan.FromSeconds(93) + Promptly);
    }

    [Fact]
    public async Task A_caller_waiting_for_an_outcome_is_answered_as_soon_as_it_is_committed()
    {
        // Time stands still, so no loop looks again.
        var (time, store, sources) = (new ManualTimeProvider(), new MemoryStore(), new Sources([Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll)]));
        var waiters = new OutcomeWaiters(store, time);
        var observer = Unobserved.Observer(new EmbeddedWatchRunner(sources, time), Unobserved.Events, waiters, store.References, time);
        var recorder = new JobRecorder(sources, store, observer, time, new Random(1));
        var source = sources.All.Single();
        var report = source.Provider.Decode(ReportChannel.Notification, Encoding.UTF8.GetBytes("""{"id":"z0.job","code":0,"items":[{"cmd":"x","code":0,"key":"k"}]}""")).Report!;
        await recorder.RegisterAsync(source, "z0.job", Job.NoMetadata, null, Cancelled);

        var waiting = waiters.WaitAsync(new(source.Name, "z0.job"), Day, Cancelled);
        Assert.False(waiting.IsCompleted);
        await recorder.ReportAsync(source, "z0.job", report, null, Cancelled);

        Assert.True((await waiting.WaitAsync(TimeSpan.FromSeconds(10), Cancelled))!.IsSettled);
    }

    /// <summary>A scenario without faults, in which loops look for work once a day unless woken.</summary>
    private static Scenario Restful(HostKind host, JobScript job) => Scenarios.Scenario(host, job) with { LongestSleep = Day, SweepEvery = Day };

    private static IReadOnlyList<Entry> Played(Scenario scenario)
    {
        // A step must notice that the history is over.
        var history = History.Play(scenario, keepTrace: true, world => world.Scheduler.Start(world.Outside, async () =>
        {
            while (true)
                await world.DelayAsync(TimeSpan.FromMinutes(1));
        }));
        Assert.True(history.Violation is null, $"{scenario.Host}: {history.Violation}\n{string.Join('\n', history.SimulatedWorld.Scheduler.Trace.Lines)}");
        return history.SimulatedWorld.Scheduler.Trace.Entries;
    }

    private static TimeSpan First(IReadOnlyList<Entry> entries, string what) => entries.First(entry => entry.What == what).At - Scenario.Start;
}
