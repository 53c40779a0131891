using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Upkeep;

namespace FopWatch.Simulation.Tests.Upkeep;

/// <summary>What a sweep finds and repairs, on the store in memory.</summary>
public sealed class SweeperTests : ICommitObserver
{
    private static readonly Source Source = Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll);

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store;
    private readonly JobRecorder _recorder;
    private readonly Sweeper _sweeper;

    public SweeperTests()
    {
        var sources = new Sources([Source]);
        _store = new(_time.GetUtcNow);
        _recorder = new(sources, _store, this, _time, new(1));
        _sweeper = Unobserved.Sweeper(sources, _store, _store, _store, _store, _recorder, _time);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sweep_of_an_empty_store_finds_nothing()
    {
        var sweep = await _sweeper.SweepAsync(Cancelled);

        Assert.Equal((1, 1, 0, 0), (sweep.Counted, sweep.Parts, sweep.Restored, sweep.BroughtForward));
        Assert.Equal((0, 0, TimeSpan.Zero, 0, 0), (sweep.OutboxDepth, sweep.OutboxSetAside, sweep.OutboxAge, sweep.Quarantined, sweep.Unaccounted));
        Assert.Empty(sweep.Books);
    }

    [Fact]
    public async Task A_sweep_counts_waiting_events_and_the_age_of_the_oldest()
    {
        await RegisterAsync("z0.open");
        await ReportAsync("z0.done");
        await _store.AddAsync(
            new() { Key = "k", Source = Source.Name, Reason = "r", ReceivedAt = _time.GetUtcNow(), Url = new("https://a.example/"), Headers = [], Body = default }, Cancelled);
        _time.Advance(TimeSpan.FromMinutes(7));

        var sweep = await _sweeper.SweepAsync(Cancelled);

        Assert.Equal((1, 0, TimeSpan.FromMinutes(7), 1), (sweep.OutboxDepth, sweep.OutboxSetAside, sweep.OutboxAge, sweep.Quarantined));
        Assert.Equal(new Books(Source.Name, Registered: 2, Settled: 1, Expired: 0, Open: 1, Stopped: 0), Assert.Single(sweep.Books));

        await _store.SetAsideAsync([.. _store.Outbox.Select(one => one with { Refusals = 1, RetryAt = _time.GetUtcNow() })], Cancelled);
        _time.Ahead = -TimeSpan.FromHours(1);
        sweep = await _sweeper.SweepAsync(Cancelled);
        Assert.Equal((1, TimeSpan.Zero), (sweep.OutboxSetAside, sweep.OutboxAge));
    }

    [Fact]
    public async Task Jobs_in_no_index_are_watched_again_and_counted_after_that()
    {
        await RegisterAsync("z0.lost");
        await RegisterAsync("z0.kept");
        var (lost, kept) = (new JobKey(Source.Name, "z0.lost"), new JobKey(Source.Name, "z0.kept"));
        var indexed = _store.IndexedAt(kept);
        _store.LoseDueRow(lost);
        _time.Advance(TimeSpan.FromMinutes(1));

        var sweep = await _sweeper.SweepAsync(Cancelled);

        Assert.Equal((1, 0), (sweep.Restored, sweep.Unaccounted));
        Assert.Equal(2, Assert.Single(sweep.Books).Open);
        Assert.True(_store.IndexedAt(lost) <= _time.GetUtcNow());
        Assert.Equal(indexed, _store.IndexedAt(kept));
        Assert.Equal(0, (await _sweeper.SweepAsync(Cancelled)).Restored);
    }

    [Fact]
    public async Task Parts_never_counted_or_counted_by_a_clock_ahead_come_first_and_then_those_counted_longest_ago()
    {
        var now = _time.GetUtcNow();
        _store.Parts = [new("now", [], now), new("earlier", [], now.AddHours(-1)), new("never", [], null), new("ahead", [], now.AddTicks(1))];
        var counted = new List<string>();
        _store.Counting = counted.Add;

        var sweep = await _sweeper.SweepAsync(Cancelled);

        Assert.Equal(["never", "ahead", "earlier", "now"], counted);
        Assert.Equal((4, 4), (sweep.Counted, sweep.Parts));
    }

    [Theory]
    [InlineData(119, 2)]
    [InlineData(120, 1)]
    [InlineData(1000, 1)]
    public async Task A_part_that_is_not_reached_in_time_keeps_its_last_count(int seconds, int expected)
    {
        await RegisterAsync("z0.open");
        var before = new Books(Source.Name, Registered: 5, Settled: 4, Expired: 0, Open: 1, Stopped: 0);
        _store.Parts = [new("jobs", [], null), new("other", [before], _time.GetUtcNow())];
        _store.Counting = _ => _time.Advance(TimeSpan.FromSeconds(seconds));

        var sweep = await _sweeper.SweepAsync(Cancelled);

        Assert.Equal((expected, 2), (sweep.Counted, sweep.Parts));
        Assert.Equal(expected == 2 ? 1 : 6, Assert.Single(sweep.Books).Registered);
    }

    [Fact]
    public async Task An_unreadable_job_postponed_past_its_deadline_is_retried_after_the_first_wait()
    {
        await RegisterAsync("z0.far", TimeSpan.FromHours(3));
        var key = new JobKey(Source.Name, "z0.far");
        _time.Ahead = -TimeSpan.FromDays(30);
        _store.Damage(key, "its document is not JSON");

        var sweep = await _sweeper.SweepAsync(Cancelled);

        Assert.Equal(0, sweep.BroughtForward);
        Assert.Equal(_time.GetUtcNow() + SetAside.First, _store.IndexedAt(key));
    }

    [Fact]
    public async Task An_unreadable_job_whose_poll_may_be_due_is_not_moved()
    {
        await RegisterAsync("z0.far", TimeSpan.FromHours(3));
        var key = new JobKey(Source.Name, "z0.far");
        _store.Damage(key, "its document is not JSON");
        var indexed = _store.IndexedAt(key);

        await _sweeper.SweepAsync(Cancelled);

        Assert.Equal(indexed, _store.IndexedAt(key));
    }

    [Fact]
    public async Task Polls_postponed_by_a_clock_that_was_ahead_are_brought_forward()
    {
        _time.Ahead = TimeSpan.FromDays(30);
        await RegisterAsync("z0.far");
        _time.Ahead = TimeSpan.Zero;

        Assert.Equal(1, (await _sweeper.SweepAsync(Cancelled)).BroughtForward);
        Assert.True(_store.IndexedAt(new(Source.Name, "z0.far")) <= _time.GetUtcNow() + Source.Poll.First);
        Assert.Equal(0, (await _sweeper.SweepAsync(Cancelled)).BroughtForward);
    }

    private Task<Job> RegisterAsync(string id, TimeSpan? firstPollAfter = null) =>
        _recorder.RegisterAsync(Source, id, Job.NoMetadata, firstPollAfter, Cancelled);

    private Task<Job?> ReportAsync(string id)
    {
        var body = System.Text.Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","code":0,"items":[{"cmd":"x","code":0,"key":"k"}]}""");
        return _recorder.ReportAsync(Source, id, Source.Provider.Decode(ReportChannel.Notification, body).Report!, null, Cancelled);
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
}
