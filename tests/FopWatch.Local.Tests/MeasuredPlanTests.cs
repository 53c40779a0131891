using System.Globalization;
using FopWatch.Local.Demo;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using FopWatch.Simulator;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests;

/// <summary>Measures what a learned plan saves. The embedded host polls a simulated provider that never notifies, at one minute per second.</summary>
public sealed class MeasuredPlanTests
{
    private const double Compression = 60;
    private const int Jobs = 100;

    private static readonly string[] Plans = ["fixed", "learned"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 180_000)]
    public async Task A_learned_plan_finds_outcomes_sooner_than_the_fixed_plan_with_as_many_polls()
    {
        var time = new CompressedTime(Compression);
        await using var provider = await SimulatedProvider.StartAsync(new() { Clock = time }, Cancelled);
        var folder = Directory.CreateTempSubdirectory("fopwatch-test-").FullName;
        try
        {
            var settings = new HostSettings
            {
                Shared = FopWatchSettings.Read(Plans.SelectMany(plan => Source(plan, provider.StatusEndpoint)).ToDictionary()),
                Urls = "http://127.0.0.1:0",
                Data = folder,
                StatusTimeout = TimeSpan.FromMinutes(10),
            };
            await using (var host = await LocalHost.StartAsync(settings, time, null, Cancelled))
                await LearnAsync(host.Services.GetRequiredService<IStatistics>(), time.GetUtcNow());

            await using var measured = await LocalHost.StartAsync(settings, time, null, Cancelled);
            var plans = measured.Services.GetRequiredService<LearnedPlans>();
            await Eventually.HoldsAsync(() => plans.Of("learned") is not null);

            var results = await Task.WhenAll(Plans.Select(plan => PlayAsync(measured, provider, plan, time)));

            var (delay, polls) = (results.Select(one => one.Delay).ToArray(), results.Select(one => one.Polls).ToArray());
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"fixed: {delay[0]:0.0} s, {polls[0]:0.00} polls; learned: {delay[1]:0.0} s, {polls[1]:0.00} polls"));
            Assert.InRange(polls[1], 0, 1.15 * polls[0]);
            Assert.InRange(delay[1], 0, 0.8 * delay[0]);

            // The host's expectation matches the measurement, apart from the response time of this machine.
            var counted = await measured.Services.GetRequiredService<Overviews.OverviewReader>().ReadAsync(settings.Shared.Sources.All, 24, withInstallation: true, Cancelled);
            Assert.All(counted.Sources, source => Assert.Equal(Jobs, source.Detection.Poll!.Of));
            Assert.Equal([Overviews.PlanInUse.Fixed, Overviews.PlanInUse.Learned], counted.Sources.Select(source => source.Plan));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dictionary<string, string?> Source(string plan, Uri statusEndpoint) => new()
    {
        [$"Sources:{plan}:Provider"] = "Qiniu",
        [$"Sources:{plan}:StatusEndpoint"] = statusEndpoint.AbsoluteUri,
        [$"Sources:{plan}:NotifyTokens:0"] = "right-token",
        [$"Sources:{plan}:Poll:Plan"] = plan,
        [$"Sources:{plan}:Poll:First"] = "00:00:30",
        [$"Sources:{plan}:Poll:Max"] = "00:05:00",
        [$"Sources:{plan}:Poll:PerSecond"] = "1000",
    };

    /// <summary>Jobs of two kinds: about 40 seconds, and about 8 minutes.</summary>
    private static double AgeOf(int job) => (job % 2 == 0 ? 40 : 480) * (0.9 + (0.2 * ((job * 0.618034) % 1)));

    /// <summary>What the host learned from 210 jobs of the last hours.</summary>
    private static async Task LearnAsync(IStatistics statistics, DateTimeOffset now)
    {
        for (var hour = 0; hour < 30; hour++)
        {
            var ages = new KnownAges();
            for (var i = 0; i < 7; i++)
                ages.AddOver(AgeOf(1000 + (7 * hour) + i));
            var known = new Dictionary<string, KnownAges> { ["avthumb/mp4"] = ages };
            await statistics.AddAsync(
                new(string.Create(CultureInfo.InvariantCulture, $"h{hour}"), "learned", now.AddHours(hour - 30), new Dictionary<DateTimeOffset, HourSums>(), known), Cancelled);
        }
    }

    private static async Task<(double Delay, double Polls)> PlayAsync(LocalHost host, SimulatedProvider provider, string source, TimeProvider time)
    {
        using var client = new Client.FopWatchClient(new() { Url = host.Url });
        var ends = new Dictionary<string, DateTimeOffset>();
        foreach (var some in Enumerable.Range(0, Jobs).Chunk(10))
        {
            foreach (var job in some)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"z0.{source}{job}");
                var age = TimeSpan.FromSeconds(AgeOf(job));
                ends[id] = time.GetUtcNow() + age;
                await provider.SubmitAsync(
                    new() { Seed = job, Id = id, Shape = BodyShape.QiniuClassic, DoneAfter = age, Items = [new() { Command = "avthumb/mp4", Fate = ItemFate.Succeeded }] }, null, Cancelled);
            }

            await client.RegisterManyAsync([.. ends.Keys.TakeLast(some.Length).Select(id => new Client.JobRegistration { Source = source, Id = id })], Cancelled);
        }

        var (late, polls) = (0d, 0);
        foreach (var (id, end) in ends)
        {
            Contracts.JobRecord? job;
            while ((job = await client.GetAsync(source, id, Cancelled))?.SettledAt is null)
                await Task.Delay(100, Cancelled);
            late += (job.SettledAt!.Value - end).TotalSeconds;
            polls += job.Polls;
        }

        return (late / Jobs, polls / (double)Jobs);
    }
}
