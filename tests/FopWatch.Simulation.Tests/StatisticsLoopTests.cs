using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Simulation.Tests;

public sealed class StatisticsLoopTests : IStatistics, ILogger
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private readonly ManualTimeProvider _time = new(Start);
    private readonly MemoryStatistics _store = new();
    private readonly LearnedPlans _plans = new();
    private readonly StatisticsCollector _collector;
    private readonly StatisticsLoop _loop;
    private readonly Sources _sources;

    private bool _isDown;
    private string? _damaged;
    private bool _losesAnswers;
    private int _additions;
    private int _reads;
    private readonly List<string> _warned = [];

    public StatisticsLoopTests()
    {
        _collector = new(_plans, _time);
        var poll = new PollSettings { First = TimeSpan.FromMinutes(2) };
        _sources = new([World.Scenario.NewSource(Contracts.ProviderKind.Qiniu, poll)]);
        _loop = new(_collector, this, Reader(_sources), this, _time, new Random(1));
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Source => _sources.All.Single().Name;

    [Fact]
    public async Task Counts_are_added_every_ten_seconds_and_only_if_there_are_any()
    {
        using var stop = new CancellationTokenSource();
        var running = _loop.RunAsync(stop.Token);
        Count(3);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, _additions);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Eventually(() => _additions == 1);
        for (var i = 0; i < 10; i++)
            _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, _additions);

        Count(2);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(5, await CountedAsync());
    }

    [Fact]
    public async Task While_the_store_is_down_nothing_is_lost_and_a_possible_addition_is_not_repeated()
    {
        Count(1);
        _isDown = true;
        await _loop.AddAsync(Cancelled);
        Count(2);
        await _loop.AddAsync(Cancelled);
        (_isDown, _losesAnswers) = (false, true);
        await _loop.AddAsync(Cancelled);
        Count(4);
        await _loop.AddAsync(Cancelled);
        _losesAnswers = false;
        await _loop.AddAsync(Cancelled);
        await _loop.AddAsync(Cancelled);

        Assert.Equal(7, await CountedAsync());
    }

    [Fact]
    public async Task Counts_not_known_to_be_in_the_store_are_pending()
    {
        Count(2);
        Assert.Equal(2, Pending());
        _isDown = true;
        await _loop.AddAsync(Cancelled);
        Count(3);
        Assert.Equal((5, 0), (Pending(), await CountedAsync()));

        _isDown = false;
        await _loop.AddAsync(Cancelled);
        Assert.Equal((0, 5), (Pending(), await CountedAsync()));
        Assert.Equal(default, _collector.Pending(Source).Latest);

        long Pending() => _collector.Pending(Source).Hours.Values.Sum(sums => sums[HourSum.PolledReport]);
    }

    [Fact]
    public async Task A_process_that_crashes_loses_only_its_unsaved_counts()
    {
        Count(5);
        await _loop.AddAsync(Cancelled);
        Count(3);

        var next = new StatisticsCollector(_plans, _time);
        next.Polled(Source, PollAnswer.Report);
        await new StatisticsLoop(next, this, Reader(_sources), this, _time, new Random(2)).AddAsync(Cancelled);

        Assert.Equal(6, await CountedAsync());
    }

    [Fact]
    public async Task Plans_are_learned_at_the_start_and_again_when_the_counts_have_changed()
    {
        var reader = Reader(_sources);
        await reader.RefreshAsync(Cancelled);
        Assert.Null(_plans.Of(Source));

        await KnowAsync(hours: 10);
        await reader.RefreshAsync(Cancelled);
        var plans = Assert.IsType<SourcePlans>(_plans.Of(Source));
        Assert.NotNull(_plans.LikelyOf(Source, "avthumb/mp4"));

        await reader.RefreshAsync(Cancelled);
        Assert.Same(plans, _plans.Of(Source));
        await KnowAsync(hours: 10);
        await reader.RefreshAsync(Cancelled);
        Assert.NotSame(plans, _plans.Of(Source));
    }

    [Fact]
    public async Task A_source_with_the_fixed_plan_keeps_it_and_learns_when_jobs_are_overdue()
    {
        var source = _sources.All.Single();
        var sources = new Sources([source with { Poll = source.Poll with { Plan = PlanChoice.Fixed } }]);
        await KnowAsync(hours: 10);
        _reads = 0;

        await Reader(sources).RefreshAsync(Cancelled);

        Assert.Null(_plans.Of(Source));
        Assert.InRange(_plans.OverdueOf(Source)!.For("avthumb/mp4")!.Value.TotalSeconds, 1.5 * 34, 1.5 * 38);
        Assert.Equal(1, _reads);
    }

    [Fact]
    public async Task A_source_whose_statistics_fail_does_not_stop_the_others()
    {
        var source = _sources.All.Single();
        var sources = new Sources([source with { Name = "a" }, source with { Name = "b" }, source with { Name = "c" }]);
        var (reader, counted) = (Reader(sources), new[] { "a", "b", "c" });
        var loop = new StatisticsLoop(_collector, this, reader, this, _time, new Random(3));
        foreach (var name in counted)
        {
            await KnowAsync(hours: 10, name);
            _collector.Polled(name, PollAnswer.Report);
        }

        _damaged = "b";
        for (var i = 0; i < 3; i++)
        {
            await loop.AddAsync(Cancelled);
            await reader.RefreshAsync(Cancelled);
        }

        Assert.Equal([true, false, true], counted.Select(name => _plans.Of(name) is not null));
        long[] taken = await Task.WhenAll(counted.Select(CountedAsync));
        Assert.Equal([1, 0, 1], taken);
        Assert.Equal(["The adding of statistics of b failed", "The learning of plans of b failed"], _warned.Select(line => line[..line.IndexOf(" and", StringComparison.Ordinal)]));

        _damaged = null;
        await loop.AddAsync(Cancelled);
        await reader.RefreshAsync(Cancelled);
        Assert.NotNull(_plans.Of("b"));
        Assert.Equal(1, await CountedAsync("b"));
    }

    [Fact]
    public async Task A_store_that_fails_for_one_source_is_still_asked_for_the_others()
    {
        var source = _sources.All.Single();
        var reader = Reader(new([source with { Name = "a" }, source with { Name = "b" }]));
        await KnowAsync(hours: 10, "a");
        await KnowAsync(hours: 10, "b");
        (_isDown, _damaged) = (true, "a");

        await Assert.ThrowsAsync<StoreUnavailableException>(() => reader.RefreshAsync(Cancelled));

        Assert.Null(_plans.Of("a"));
        Assert.NotNull(_plans.Of("b"));
        Assert.Empty(_warned);
    }

    [Fact]
    public void Late_notifications_tell_how_many_arrive()
    {
        var sums = new HourSums();
        for (var i = 0; i < 800; i++)
            sums.Add(i < 600 ? HourSum.Heard : HourSum.Found);
        for (var i = 0; i < 100; i++)
            sums.Add(HourSum.NotifiedLate);

        var heard = PlanReader.HeardOf([new(Source, Start, sums)], Start.AddHours(3));
        Assert.Equal(700 / 800.0, heard.Share);
        Assert.InRange(heard.ForPlans, 0.8, heard.Share);

        // Notifications of the last hours may still arrive, so these hours do not count.
        Assert.Equal(default, PlanReader.HeardOf([new(Source, Start, sums)], Start.AddHours(2)));
    }

    [Fact]
    public void Late_notifications_of_the_last_hours_do_not_count_without_the_polls_of_these_hours()
    {
        var (quiet, busy) = (new HourSums(), new HourSums());
        for (var i = 0; i < 1000; i++)
        {
            busy.Add(HourSum.Found);
            if (i < 500)
                busy.Add(HourSum.NotifiedLate);
            if (i < 100)
                quiet.Add(i < 55 ? HourSum.Heard : HourSum.Found);
        }

        List<StatisticsHour> hours = [new(Source, Start, quiet), .. Enumerable.Range(21, 3).Select(hour => new StatisticsHour(Source, Start.AddHours(hour), busy))];
        Assert.Equal(0.55, PlanReader.HeardOf(hours, Start.AddHours(23.9)).Share, 12);
        Assert.Equal(1555 / 3100.0, PlanReader.HeardOf(hours, Start.AddHours(26)).Share, 12);
    }

    [Fact]
    public async Task Plans_of_replaced_sources_stay_outdated_until_they_could_be_learned()
    {
        var reader = Reader(_sources);
        await reader.RefreshAsync(Cancelled);
        var source = _sources.All.Single();
        _sources.Replace([source with { Poll = source.Poll with { First = TimeSpan.FromMinutes(7) } }]);
        Assert.True(reader.IsOutdated);

        (_isDown, _damaged) = (true, Source);
        await Assert.ThrowsAsync<StoreUnavailableException>(() => reader.RefreshAsync(Cancelled));
        Assert.True(reader.IsOutdated);

        (_isDown, _damaged) = (false, null);
        await reader.RefreshAsync(Cancelled);
        Assert.False(reader.IsOutdated);
    }

    async ValueTask IStatistics.AddAsync(StatisticsDelta delta, CancellationToken cancellationToken)
    {
        if (_isDown)
            throw new StoreUnavailableException("down");
        ThrowIfDamaged(delta.Source);
        await _store.AddAsync(delta, cancellationToken);
        _additions++;
        if (_losesAnswers)
            throw new StoreUnavailableException("The answer is lost.");
    }

    ValueTask<IReadOnlyList<StatisticsHour>> IStatistics.ReadHoursAsync(string source, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken)
    {
        _reads++;
        return _store.ReadHoursAsync(source, from, before, cancellationToken);
    }

    ValueTask<LatestActivity> IStatistics.ReadLatestAsync(string source, CancellationToken cancellationToken) => _store.ReadLatestAsync(source, cancellationToken);

    ValueTask<IReadOnlyList<KnownClass>> IStatistics.ReadAgesAsync(string source, DateTimeOffset now, CancellationToken cancellationToken)
    {
        _reads++;
        ThrowIfDamaged(source);
        return _store.ReadAgesAsync(source, now, cancellationToken);
    }

    ValueTask IStatistics.PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) => _store.PurgeAsync(now, cancellationToken);

    private static async Task Eventually(Func<bool> holds)
    {
        for (var i = 0; !holds() && i < 500; i++)
            await Task.Delay(10, Cancelled);
        Assert.True(holds());
    }

    private void Count(int polls)
    {
        for (var i = 0; i < polls; i++)
            _collector.Polled(Source, PollAnswer.Report);
    }

    private Task<long> CountedAsync() => CountedAsync(Source);

    private async Task<long> CountedAsync(string source) =>
        (await _store.ReadHoursAsync(source, Start.AddDays(-1), Start.AddDays(3), Cancelled)).Sum(hour => hour.Sums[HourSum.PolledReport]);

    private PlanReader Reader(Sources sources) => new(sources, this, _plans, this, _time);

    private void ThrowIfDamaged(string source)
    {
        if (source == _damaged)
            throw _isDown ? new StoreUnavailableException("down") : new OverflowException("damaged");
    }

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Warning)
            _warned.Add(formatter(state, exception));
    }

    bool ILogger.IsEnabled(LogLevel logLevel) => true;

    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    private Task KnowAsync(int hours) => KnowAsync(hours, Source);

    private async Task KnowAsync(int hours, string source)
    {
        for (var hour = 0; hour < hours; hour++)
        {
            var ages = new KnownAges();
            for (var i = 0; i < 7; i++)
                ages.AddOver(30 + i);
            _time.Advance(TimeSpan.FromHours(1));
            await _store.AddAsync(
                new($"{_time.GetUtcNow().UtcTicks}", source, _time.GetUtcNow(), new Dictionary<DateTimeOffset, HourSums>(), new Dictionary<string, KnownAges> { ["avthumb/mp4"] = ages }),
                Cancelled);
        }
    }
}
