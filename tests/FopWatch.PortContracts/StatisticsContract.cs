using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>The contract of <see cref="IStatistics"/>.</summary>
public abstract class StatisticsContract : StoreContract<IStatistics>
{
    private const string Source = "media";

    private static readonly DateTimeOffset Hour = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private int _additions;

    /// <summary>Another process on the same storage.</summary>
    protected virtual IStatistics Other => Port;

    [Fact]
    public async Task Additions_are_read_as_sums()
    {
        await AddAsync(Port, Hour, Of("avthumb/mp4", 3, 60), HourSum.Registered, HourSum.Registered, HourSum.PolledReport);
        await AddAsync(Port, Hour.AddMinutes(20), Of("avthumb/mp4", 2, 60), HourSum.Registered);
        await AddAsync(Port, Hour.AddHours(1), Of("vframe/jpg", 1, 5), HourSum.Expired);

        var hours = await Port.ReadHoursAsync(Source, Hour, Hour.AddDays(1), Cancelled);
        Assert.Equal([Hour, Hour.AddHours(1)], hours.Select(hour => hour.Hour));
        Assert.Equal((3, 1, 0), (hours[0].Sums[HourSum.Registered], hours[0].Sums[HourSum.PolledReport], hours[0].Sums[HourSum.Expired]));
        Assert.Equal(1, hours[1].Sums[HourSum.Expired]);
        Assert.Equal(2, hours[0].Sums[HourHistogram.Lag][HourSums.OctaveOf(TimeSpan.FromMilliseconds(12))]);

        var classes = await Port.ReadAgesAsync(Source, Hour.AddHours(1), Cancelled);
        Assert.Equal(["avthumb/mp4", "vframe/jpg"], classes.Select(one => one.Class));
        Assert.Equal(5, classes[0].Ages.Jobs, 0.05);
        Assert.Equal(5, classes[0].Ages.Over[AgeBuckets.Quarters.Of(60)], 0.05);
        Assert.Equal(1, classes[1].Ages.Jobs, 0.01);
    }

    [Fact]
    public async Task Hours_of_one_source_are_read_from_the_first_up_to_the_end()
    {
        for (var hour = 0; hour < 4; hour++)
            await AddAsync(Port, Hour.AddHours(hour), null, HourSum.Hinted);
        await Port.AddAsync(Delta("files", Hour, null, HourSum.Hinted), Cancelled);

        Assert.Equal([Hour.AddHours(1), Hour.AddHours(2)], (await Port.ReadHoursAsync(Source, Hour.AddHours(1), Hour.AddHours(3), Cancelled)).Select(one => one.Hour));
        Assert.Empty(await Port.ReadHoursAsync("none", Hour, Hour.AddHours(3), Cancelled));
        Assert.Empty(await Port.ReadAgesAsync("none", Hour, Cancelled));
    }

    [Fact]
    public async Task Concurrent_additions_lose_nothing()
    {
        const int Each = 12;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(process => Task.Run(async () =>
        {
            for (var i = 0; i < Each; i++)
                await AddAsync(process % 2 == 0 ? Port : Other, Hour.AddHours(i), Of(process < 2 ? "avthumb/mp4" : "vframe/jpg", 0.25, 60), HourSum.Registered);
        }, Cancelled)));

        var hours = await Port.ReadHoursAsync(Source, Hour, Hour.AddDays(1), Cancelled);
        Assert.Equal(Enumerable.Repeat(4L, Each), hours.Select(hour => hour.Sums[HourSum.Registered]));

        // Those of the last hour weigh most. Late additions count in the last hour, whose limit is too low for them.
        Assert.All(await Port.ReadAgesAsync(Source, Hour, Cancelled), one => Assert.InRange(one.Ages.Jobs, (0.25 * 2 * Each) - 1e-3, 0.25 * 2 * Each * 1.05));
    }

    [Fact]
    public async Task An_addition_repeated_after_a_lost_answer_counts_once()
    {
        var delta = Delta(Source, Hour, Of("avthumb/mp4", 3, 60), HourSum.Registered);
        await Port.AddAsync(delta, Cancelled);
        await AddAsync(Other, Hour, Of("avthumb/mp4", 1, 60), HourSum.Registered);
        await Port.AddAsync(delta, Cancelled);

        Assert.Equal(2, (await Port.ReadHoursAsync(Source, Hour, Hour.AddHours(1), Cancelled))[0].Sums[HourSum.Registered]);
        Assert.Equal(4, (await Port.ReadAgesAsync(Source, Hour, Cancelled))[0].Ages.Jobs, 0.01);
    }

    [Fact]
    public async Task The_last_time_is_the_latest_of_all_processes_in_any_order()
    {
        Assert.Equal(default, await Port.ReadLatestAsync(Source, Cancelled));
        await AddAsync(new(Hour.AddMinutes(3), Hour.AddMinutes(2), PollAnswer.NotFound), Port);
        await AddAsync(new(Hour.AddMinutes(1), null, PollAnswer.None), Other);
        await AddAsync(new(null, Hour.AddMinutes(5), PollAnswer.Throttled), Other);
        await AddAsync(new(Hour.AddMinutes(2), Hour.AddMinutes(4), PollAnswer.Report), Port);
        await AddAsync(default, Port);

        Assert.Equal(new(Hour.AddMinutes(3), Hour.AddMinutes(5), PollAnswer.Throttled), await Port.ReadLatestAsync(Source, Cancelled));
        Assert.Equal(default, await Port.ReadLatestAsync("none", Cancelled));

        async Task AddAsync(LatestActivity latest, IStatistics to) =>
            await to.AddAsync(Delta(Source, Hour.AddMinutes(6), null, HourSum.Registered) with { Latest = latest }, Cancelled);
    }

    [Fact]
    public async Task A_last_time_from_a_clock_that_was_ahead_is_replaced()
    {
        await Port.AddAsync(Delta(Source, Hour.AddDays(90), null) with { Latest = new(Hour.AddDays(90), Hour.AddDays(90), PollAnswer.Report) }, Cancelled);
        Assert.Equal(default, (await Port.ReadLatestAsync(Source, Cancelled)).At(Hour));
        await Port.AddAsync(Delta(Source, Hour, null) with { Latest = new(Hour, null, PollAnswer.None) }, Cancelled);

        Assert.Equal(new(Hour, null, PollAnswer.None), await Port.ReadLatestAsync(Source, Cancelled));
    }

    [Fact]
    public async Task Beyond_the_limit_further_classes_are_one()
    {
        for (var start = 0; start < 100; start += 50)
        {
            var ages = Enumerable.Range(start, 50).ToDictionary(number => $"tool-{number:D3}", _ => Known(1, 60), StringComparer.Ordinal);
            await Port.AddAsync(new(NewId(), Source, Hour, new Dictionary<DateTimeOffset, HourSums>(), ages), Cancelled);
        }

        var classes = await Port.ReadAgesAsync(Source, Hour, Cancelled);
        Assert.Equal(CommandClass.MostClasses + 1, classes.Count);

        // The amount that one hour may add to a class is limited.
        Assert.Equal(7, classes.Single(one => one.Class == CommandClass.Other).Ages.Jobs, 0.01);
        Assert.Equal(CommandClass.MostClasses, classes.Count(one => Math.Abs(one.Ages.Jobs - 1) < 0.01));
    }

    [Fact]
    public async Task With_all_places_taken_the_smallest_classes_are_replaced_by_larger_ones()
    {
        var first = Enumerable.Range(0, CommandClass.MostClasses).ToDictionary(number => $"tool-{number:D3}", number => Known(number < 60 ? 2 : 1, 60), StringComparer.Ordinal);
        await Port.AddAsync(new(NewId(), Source, Hour, new Dictionary<DateTimeOffset, HourSums>(), first), Cancelled);

        await AddAsync(Port, Hour, Of("vframe/jpg", 3, 60));
        await AddAsync(Port, Hour, Of("vframe/png", 0.5, 60));
        var more = Enumerable.Range(0, 20).ToDictionary(number => $"more-{number:D3}", _ => Known(1.5, 60), StringComparer.Ordinal);
        await Port.AddAsync(new(NewId(), Source, Hour, new Dictionary<DateTimeOffset, HourSums>(), more), Cancelled);

        var names = (await Port.ReadAgesAsync(Source, Hour, Cancelled)).Select(one => one.Class).ToList();
        Assert.Equal(
            [.. first.Keys.Take(60).Append("vframe/jpg").Append(CommandClass.Other).Concat(more.Keys.Take(3)).Order(StringComparer.Ordinal)],
            names);
    }

    [Fact]
    public async Task Old_hours_are_purged_and_their_classes_make_room()
    {
        await AddAsync(Port, Hour, Of("avthumb/mp4", 3, 60), HourSum.Registered);
        await AddAsync(Port, Hour.AddHours(5), Of("vframe/jpg", 3, 60), HourSum.Registered);
        await Port.PurgeAsync(Hour.AddHours(5) + IStatistics.Lifetime, Cancelled);

        Assert.Equal(Hour.AddHours(5), Assert.Single(await Port.ReadHoursAsync(Source, Hour.AddDays(-1), Hour.AddDays(1), Cancelled)).Hour);
        Assert.Equal("vframe/jpg", Assert.Single(await Port.ReadAgesAsync(Source, Hour, Cancelled)).Class);
    }

    [Fact]
    public async Task Hours_from_a_clock_that_was_ahead_are_purged()
    {
        var now = Hour.AddMinutes(30);
        await AddAsync(Port, now, Of("avthumb/mp4", 3, 60), HourSum.Registered);
        await AddAsync(Port, now.AddDays(1), Of("vframe/jpg", 3, 60), HourSum.Registered);
        await AddAsync(Port, now.AddHours(26), Of("vframe/png", 3, 60), HourSum.Registered);
        await AddAsync(Port, now.AddDays(700), Of("vframe/webp", 3, 60), HourSum.Registered);
        await Port.PurgeAsync(now, Cancelled);

        Assert.Equal([Hour, Hour.AddDays(1)], (await Port.ReadHoursAsync(Source, Hour.AddDays(-1), Hour.AddDays(800), Cancelled)).Select(one => one.Hour));
        Assert.Equal(["avthumb/mp4", "vframe/jpg"], (await Port.ReadAgesAsync(Source, now, Cancelled)).Select(one => one.Class));
    }

    [Fact]
    public async Task An_addition_may_contain_hours_that_are_far_apart()
    {
        DateTimeOffset[] hours = [Hour.AddDays(-60), Hour.AddDays(-2), Hour, Hour.AddHours(1)];
        for (var i = 0; i < 2; i++)
        {
            var delta = Delta(Source, Hour, null, HourSum.Registered);
            await Port.AddAsync(delta with { Hours = hours.ToDictionary(hour => hour, _ => delta.Hours.Values.Single()) }, Cancelled);
        }

        var read = await Port.ReadHoursAsync(Source, Hour.AddDays(-90), Hour.AddDays(1), Cancelled);
        Assert.Equal(hours, read.Select(one => one.Hour));
        Assert.All(read, one => Assert.Equal(2, one.Sums[HourSum.Registered]));
    }

    [Fact]
    public async Task An_addition_is_recognised_after_many_others()
    {
        var delta = Delta(Source, Hour, null, HourSum.Registered);
        await Port.AddAsync(delta, Cancelled);
        for (var i = 0; i < StatisticsRows.RememberedAdditions - 1; i++)
            await AddAsync(Other, Hour, null, HourSum.Hinted);
        await Port.AddAsync(delta, Cancelled);

        Assert.Equal(1, Assert.Single(await Port.ReadHoursAsync(Source, Hour, Hour.AddHours(1), Cancelled)).Sums[HourSum.Registered]);
    }

    [Fact]
    public async Task Old_ages_weigh_less()
    {
        await AddAsync(Port, Hour, Of("avthumb/mp4", 4, 60));
        Assert.Equal(2, (await Port.ReadAgesAsync(Source, Hour + KnownAges.HalfLife, Cancelled))[0].Ages.Jobs, 0.01);

        await AddAsync(Port, Hour + KnownAges.HalfLife, Of("avthumb/mp4", 1, 60));
        Assert.Equal(3, (await Port.ReadAgesAsync(Source, Hour + KnownAges.HalfLife, Cancelled))[0].Ages.Jobs, 0.01);
        await AddAsync(Port, Hour + (5 * KnownAges.HalfLife), Of("avthumb/mp4", 1, 60));
        Assert.Equal(1 + (3 / 16.0), (await Port.ReadAgesAsync(Source, Hour + (5 * KnownAges.HalfLife), Cancelled))[0].Ages.Jobs, 0.01);
    }

    [Fact]
    public async Task A_clock_that_was_ahead_does_not_stop_later_additions()
    {
        await AddAsync(Port, Hour.AddDays(700), Of("avthumb/mp4", 4, 60));
        await AddAsync(Port, Hour, Of("avthumb/mp4", 2, 60));

        Assert.Equal(6, (await Port.ReadAgesAsync(Source, Hour, Cancelled))[0].Ages.Jobs, 0.01);
    }

    protected StatisticsDelta Delta(string source, DateTimeOffset at, (string Class, KnownAges Ages)? known, params ReadOnlySpan<HourSum> counted)
    {
        var sums = new HourSums();
        foreach (var one in counted)
            sums.Add(one);
        sums.Add(HourHistogram.Lag, TimeSpan.FromMilliseconds(12));
        return new(
            NewId(),
            source,
            at,
            new Dictionary<DateTimeOffset, HourSums> { [StatisticsCollector.HourOf(at)] = sums },
            known is { } only ? new Dictionary<string, KnownAges>(StringComparer.Ordinal) { [only.Class] = only.Ages } : []);
    }

    private async Task AddAsync(IStatistics to, DateTimeOffset at, (string Class, KnownAges Ages)? known, params HourSum[] counted) =>
        await to.AddAsync(Delta(Source, at, known, counted), Cancelled);

    private static (string Class, KnownAges Ages) Of(string name, double jobs, double seconds) => (name, Known(jobs, seconds));

    private static KnownAges Known(double jobs, double seconds)
    {
        var ages = new KnownAges();
        ages.AddOver(seconds, jobs);
        return ages;
    }

    private string NewId() => $"a{Interlocked.Increment(ref _additions)}";
}
