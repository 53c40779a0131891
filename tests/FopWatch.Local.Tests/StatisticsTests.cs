using System.Globalization;
using FopWatch.Local.Tests.Http;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests;

/// <summary>The embedded host keeps statistics of what it learns over HTTP, and polls by the plans learned from them.</summary>
public sealed class StatisticsTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task Recorded_ages_are_kept_and_decide_when_later_jobs_are_polled()
    {
        var clock = new ManualTimeProvider(Start);
        await using var host = await RunningHost.StartAsync(time: clock);
        await RegisterAsync(host, "z0.before");
        Assert.Equal(TimeSpan.FromMinutes(2), await FirstPollAsync(host, "z0.before"));

        var collector = host.Host.Services.GetRequiredService<StatisticsCollector>();
        for (var i = 0; i < 40; i++)
        {
            if (i % 5 == 0)
            {
                // An age counts in the hour in which it is added, and an hour adds at most 7 while little is known.
                await Eventually.HoldsAsync(() =>
                {
                    clock.Advance(StatisticsLoop.AddEvery);
                    return !collector.Sources.Any();
                });
                clock.Advance(TimeSpan.FromHours(1));
            }

            var id = string.Create(CultureInfo.InvariantCulture, $"z0.{i}");
            await RegisterAsync(host, id);
            clock.Advance(TimeSpan.FromSeconds(30 + (i % 5)));
            (await host.NotifyAsync("media", $$$"""{"id":"{{{id}}}","code":0,"items":[{"cmd":"avthumb/mp4/s/640x360","code":0,"key":"out.mp4"}]}""")).EnsureSuccessStatusCode();
        }

        // Ages are saved when the host ends; the next host learns from them at its start.
        await host.StopAsync();
        await host.RestartAsync(clock);
        var statistics = host.Host.Services.GetRequiredService<IStatistics>();
        var hours = await statistics.ReadHoursAsync("media", Start, Start.AddDays(1), Cancelled);
        Assert.Equal(8, hours.Count(hour => hour.Sums[HourSum.Heard] > 0));
        Assert.Equal(
            (41, 40, 40, 40),
            (Sum(HourSum.Registered), Sum(HourSum.NotifiedNone), Sum(HourSum.SucceededByNotification), Sum(HourSum.Heard)));
        var known = Assert.Single(await statistics.ReadAgesAsync("media", clock.GetUtcNow(), Cancelled));
        Assert.Equal("avthumb/mp4", known.Class);
        Assert.Equal(40, known.Ages.Jobs, 1.5);
        Assert.Equal(40, known.Ages.Over[AgeBuckets.Quarters.Of(30)] + known.Ages.Over[AgeBuckets.Quarters.Of(34)], 1.5);

        var plans = host.Host.Services.GetRequiredService<LearnedPlans>();
        await Eventually.HoldsAsync(() => plans.Of("media") is not null);
        await RegisterAsync(host, "z0.after");
        Assert.InRange(await FirstPollAsync(host, "z0.after"), TimeSpan.FromSeconds(34), TimeSpan.FromSeconds(60));
        Assert.Null(plans.Of("files"));

        long Sum(HourSum sum) => hours.Sum(hour => hour.Sums[sum]);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_source_with_the_fixed_plan_keeps_it()
    {
        var clock = new ManualTimeProvider(Start);
        var settings = RunningHost.TokenSources();
        settings["Sources:media:Poll:Plan"] = "Fixed";
        await using var host = await RunningHost.StartAsync(settings, time: clock);
        var statistics = host.Host.Services.GetRequiredService<IStatistics>();
        for (var hour = 1; hour <= 10; hour++)
        {
            var ages = new KnownAges();
            ages.AddOver(30, 7);
            foreach (var source in (string[])["media", "video"])
            {
                await statistics.AddAsync(
                    new($"h{hour}", source, Start.AddHours(hour), new Dictionary<DateTimeOffset, HourSums>(), new Dictionary<string, KnownAges> { ["avthumb/mp4"] = ages }),
                    Cancelled);
            }
        }

        await host.StopAsync();
        clock.Advance(TimeSpan.FromHours(11));
        await host.RestartAsync(clock);

        var plans = host.Host.Services.GetRequiredService<LearnedPlans>();
        await Eventually.HoldsAsync(() => plans.Of("video") is not null);
        Assert.Null(plans.Of("media"));
        await RegisterAsync(host, "z0.a");
        Assert.Equal(TimeSpan.FromMinutes(2), await FirstPollAsync(host, "z0.a"));
    }

    private static async Task RegisterAsync(RunningHost host, string id) =>
        (await host.PostAsync("/api/jobs", $$"""{"source":"media","id":"{{id}}"}""")).EnsureSuccessStatusCode();

    private static async Task<TimeSpan> FirstPollAsync(RunningHost host, string id)
    {
        var watch = (await host.Host.Services.GetRequiredService<Jobs.IJobStore>().FindAsync(new("media", id), Cancelled))!.Job.Watch;
        return watch.DueAt!.Value - watch.StartedAt;
    }
}
