using System.Text.RegularExpressions;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Demo;
using FopWatch.Local.Tests.CommandLine;

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

    [Fact(Timeout = 120_000)]
    public async Task Kept_the_host_can_be_looked_at_until_ctrl_c_and_the_comparison_earns_the_exit_code()
    {
        await using var run = CommandRun.Start(["demo", "--jobs", "3", "--seed", "1", "--keep"]);
        await run.Output.UntilAsync("fopwatch watch --from start --url");

        var output = run.Output.ToString();
        Assert.Contains("All 3 jobs ended as they should.", output, StringComparison.Ordinal);
        using var http = new HttpClient();
        var urls = Regex.Matches(output, @"^  curl '?(http\S+?)'?$", RegexOptions.Multiline).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(3, urls.Count);
        foreach (var url in urls)
            Assert.StartsWith("{", await http.GetStringAsync(url, TestContext.Current.CancellationToken), StringComparison.Ordinal);

        run.Interrupt();
        Assert.Equal(ExitCodes.Ok, await run.ExitAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task Ctrl_c_before_the_comparison_has_an_exit_code_of_its_own()
    {
        await using var run = CommandRun.Start(["demo", "--jobs", "50"]);
        await run.Output.UntilAsync("Playing 50 jobs");

        run.Interrupt();

        Assert.Equal(ExitCodes.Interrupted, await run.ExitAsync());
        Assert.Equal("Interrupted before the comparison.\n", run.Error.ToString());
    }

    [Fact]
    public async Task A_demo_that_cannot_make_its_folder_says_so()
    {
        var (exit, output, error) = await CommandProcess.RunAsync(Path.GetTempPath(), new() { ["TMPDIR"] = "/no/such/folder" }, "demo", "--jobs", "1");

        Assert.StartsWith("The demo cannot start: ", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Unreachable, ""), (exit, output));
    }
}
