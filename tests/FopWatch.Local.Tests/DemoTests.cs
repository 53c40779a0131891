using FopWatch.Local.Demo;

namespace FopWatch.Local.Tests;

/// <summary>What the demo command plays.</summary>
[Collection(nameof(KillTests))]
public class DemoTests
{
    [Theory(Timeout = 120_000)]
    [InlineData(1, 80)]
    public async Task Every_job_of_the_demo_ends_as_expected(int seed, int jobs)
    {
        await using var run = await DemoRun.StartAsync(seed, jobs, logging: null, TestContext.Current.CancellationToken);

        await run.PlayAsync(TimeSpan.FromSeconds(100), TestContext.Current.CancellationToken);

        Assert.Equal(jobs, run.Jobs.Count);
        Assert.All(run.Jobs, job => Assert.Empty(job.Differences()));
        Assert.Equal((0, 0), (run.Sweep!.Unaccounted, run.Sweep.OutboxDepth));
        Assert.Equal(0, run.Counters.RedirectsFollowed);
    }
}
