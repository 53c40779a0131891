using System.Text.RegularExpressions;
using FopWatch.Client;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Demo;
using FopWatch.Local.Tests.CommandLine;
using FopWatch.Simulator;

namespace FopWatch.Local.Tests;

[Collection(nameof(KillTests))]
public class DemoTests
{
    // Half a minute on an otherwise idle machine.
    [Theory(Timeout = 400_000)]
    [InlineData(1, 80)]
    public async Task Every_job_of_the_demo_ends_as_expected(int seed, int jobs)
    {
        await using var run = await DemoRun.StartAsync(seed, jobs, answers: null, TestContext.Current.CancellationToken);

        await run.PlayAsync(TimeSpan.FromSeconds(300), TestContext.Current.CancellationToken);

        Assert.False(run.IsTimeUp, $"{run.Jobs.Count(job => job.Published is null)} outcomes have not arrived.");

        Assert.Equal(jobs, run.Jobs.Count);
        Assert.All(run.Jobs, job => Assert.Empty(job.Differences()));
        Assert.Equal((0, 0), (run.Sweep!.Unaccounted, run.Sweep.OutboxDepth));
        Assert.Equal((0, 0), (run.Counters.RedirectsFollowed, run.LoggedSecrets));

        // The provider of the demo has the same fast clock.
        using var client = new FopWatchClient(new() { Url = run.Url });
        var report = await client.ExamineAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["pass"], report.Findings.Where(finding => finding.Check == "clock").Select(finding => finding.Level));
    }

    public static TheoryData<string, string> WrongAnswers => new()
    {
        { "verdict", "and suggests wrong" },
        { "output", "wrong-key" },
        { "secret", "recorded a secret of a command; published a secret of a command" },
    };

    [Theory(Timeout = 120_000)]
    [MemberData(nameof(WrongAnswers))]
    public async Task The_demo_fails_if_the_provider_answers_differently(string what, string difference)
    {
        const int Jobs = 3;
        var seed = Enumerable.Range(0, 10_000).First(seed => JobPlan.Generate(seed, Jobs) is var jobs
            && jobs.All(job => job.Faults with { NotFoundWindow = default } == FaultPlan.None with { NotFoundWindow = default } && !job.Unobtainable)
            && jobs.Any(job => Wrong(job, what) != job));
        using var output = new StringWriter();
        var terminal = new Terminal(() => Stream.Null, output, output, TimeProvider.System, isLive: false, errorIsLive: false);

        var exit = await DemoCommand.RunAsync(terminal, seed, Jobs, keep: false, job => Wrong(job, what), TestContext.Current.CancellationToken);

        // The terminal breaks lines.
        var shown = Regex.Replace(output.ToString(), @"\s+", " ");
        Assert.Equal(ExitCodes.Failed, exit);
        Assert.Contains(difference, shown, StringComparison.Ordinal);
        Assert.Contains($"fopwatch demo --seed {seed} --jobs {Jobs}", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("zQ7abcdefghijklmnopq", "nothing", false)]
    [InlineData("zQ7abcdefghijklmnopq", "hlsKey/zQ7abcdefghijklmnopq", true)]
    [InlineData("zQ7abcdefghijklmnopq", "its tail: jklmnopq", true)]
    [InlineData("zQ7abc+/==ghijklmnopq", "zQ7abc%2B%2F", true)]
    [InlineData("zQ7abcdefghijklmnopq", "url/aHR0cHM6Ly9hLmV4YW1wbGUvP3Rva2VuPXpRN2FiY2RlZmdoaWprbG1ub3Bx", true)]
    public void A_log_line_with_a_secret_is_counted(string secret, string line, bool counts)
    {
        using var log = new SecretLog(new([secret]));

        log.CreateLogger("FopWatch").Log(LogLevel.Debug, default, line, null, (text, _) => text);
        log.CreateLogger("FopWatch").Log(LogLevel.Error, default, "failed", new InvalidOperationException(line), (text, _) => text);

        Assert.Equal(counts ? 2 : 0, log.Lines);
    }

    private static SimulatedJob Wrong(SimulatedJob job, string what)
    {
        var index = job.Items.ToList().FindIndex(item => item.Fate == ItemFate.Succeeded && what switch
        {
            "verdict" => item.Suggestion is not null,
            "output" => item.Outputs.Count == 1 && job.Shape == BodyShape.QiniuClassic,
            _ => item.UrlSecret is not null,
        });
        if (index < 0)
            return job;

        var item = job.Items[index];
        return what == "secret" ? job with { RequestId = item.UrlSecret! } : job with
        {
            Items =
            [
                .. job.Items.Take(index),
                what == "verdict" ? item with { Suggestion = "wrong" } : item with { Outputs = [item.Outputs[0] with { Key = "wrong-key" }] },
                .. job.Items.Skip(index + 1),
            ],
        };
    }

    [Fact(Timeout = 120_000)]
    public async Task With_keep_the_host_runs_until_Ctrl_C_and_the_comparison_decides_the_exit_code()
    {
        await using var run = CommandRun.Start(["demo", "--jobs", "3", "--seed", "1", "--keep"]);
        await run.Output.UntilAsync("fopwatch watch --from start --url");

        var output = run.Output.ToString();
        Assert.Contains("All 3 jobs ended as expected.", output, StringComparison.Ordinal);
        using var http = new HttpClient();
        var urls = Regex.Matches(output, @"^  curl '?(http\S+?)'?$", RegexOptions.Multiline).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(3, urls.Count);
        foreach (var url in urls)
            Assert.StartsWith("{", await http.GetStringAsync(url, TestContext.Current.CancellationToken), StringComparison.Ordinal);

        var dashboard = Regex.Match(output, @"The dashboard is at (http\S+/ui/)").Groups[1].Value;
        Assert.Contains("main.js", await http.GetStringAsync(dashboard, TestContext.Current.CancellationToken), StringComparison.Ordinal);

        run.Interrupt();
        Assert.Equal(ExitCodes.Ok, await run.ExitAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task Ctrl_C_before_the_comparison_has_its_own_exit_code()
    {
        await using var run = CommandRun.Start(["demo", "--jobs", "50"]);
        await run.Output.UntilAsync("Playing 50 jobs");

        run.Interrupt();

        Assert.Equal(ExitCodes.Interrupted, await run.ExitAsync());
        Assert.Equal("Interrupted before the comparison.\n", run.Error.ToString());
    }

    [Fact]
    public async Task A_demo_that_cannot_create_its_folder_says_so()
    {
        var (exit, output, error) = await CommandProcess.RunAsync(Path.GetTempPath(), new() { ["TMPDIR"] = "/no/such/folder" }, "demo", "--jobs", "1");

        Assert.StartsWith("The demo cannot start: ", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal((ExitCodes.Unreachable, ""), (exit, output));
    }
}
