using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;
using FopWatch.Overviews;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary><c>plan --url</c> and <c>GET /api/plan</c>: the plans by which a running host polls.</summary>
public sealed class HostPlansTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task The_learned_plans_of_a_host_are_shown_with_their_expectations()
    {
        await using var host = await LearnedAsync();

        var (exit, output, error) = await CommandRun.RunAsync(host, "plan", "--source", "media", "--json");

        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        var report = JsonSerializer.Deserialize(output, ApiJson.Default.PlanReport)!;
        var media = Assert.Single(report.Sources);
        Assert.Equal(("media", PlanInUse.Learned, null), (media.Name, media.Plan, media.Reason));
        Assert.Equal((0.75, 160), (media.Heard!.Share, media.Heard.Of));
        Assert.InRange(media.Heard.Low, 0.6, 0.75);
        Assert.Equal(["avthumb/mp4", "vframe/jpg", "idle/avthumb/mp4", "concat"], media.Classes.Select(one => one.Class));
        var plans = host.Host.Services.GetRequiredService<LearnedPlans>().Of("media")!;
        var ofSource = plans.OfSource is null ? PlanInUse.Fixed : PlanInUse.Source;
        Assert.Equal([PlanInUse.Learned, PlanInUse.Learned, PlanInUse.Fixed, ofSource], media.Classes.Select(one => one.Plan));

        var first = plans.OfSource?.WaitAt(TimeSpan.Zero) ?? TimeSpan.FromMinutes(2);
        Assert.Equal(plans.For("avthumb/mp4")!.AgesAfter(first.TotalSeconds).All().Take(5), media.Classes[0].Ages.Take(5), (a, b) => Math.Abs(a - b) < 0.001);
        Assert.Equal((plans.OfSource?.Ages ?? PollAges.Fixed(new() { First = TimeSpan.FromMinutes(2) })).All().Take(5), media.OfSource!.Ages.Take(5), (a, b) => Math.Abs(a - b) < 0.001);
        foreach (var one in media.Classes.Append(media.OfSource))
        {
            Assert.Equal(1, one.Histogram.Sum(range => range.Share), 0.001);
            Assert.InRange(one.Ages.Count, 20, 200);
            if (one.Optimum is not { } optimum)
                continue;
            Assert.InRange(optimum.ExpectedDelay, 0, one.ExpectedDelay);
            Assert.Equal(optimum.ExpectedDelay / one.ExpectedDelay, one.Efficiency!.Value, 0.01);
        }

        // After the first poll, idle-time tasks are polled Max apart.
        var idle = media.Classes[2];
        Assert.Equal([first.TotalSeconds, first.TotalSeconds + 600, first.TotalSeconds + 1200], idle.Ages.Take(3), (a, b) => Math.Abs(a - b) < 0.001);
        Assert.Equal((idle.ExpectedPolls, idle.ExpectedDelay), (idle.Fixed.ExpectedPolls, idle.Fixed.ExpectedDelay));

        var mp4 = media.Classes[0];
        Assert.InRange(mp4.Known, 100, 140);
        Assert.True(mp4.Histogram[0].From <= 200 && mp4.Histogram[^1].To >= 220, "The ages are from 200 to 219 seconds.");
        Assert.Equal(first.TotalSeconds, mp4.Ages[0], 0.001);
        Assert.InRange(mp4.ExpectedDelay, 1, 600);

        // All classes have one price, so one may wait longer to shorten the others.
        Assert.InRange(media.Classes.Take(2).Sum(one => one.Known * one.ExpectedDelay), 0, media.Classes.Take(2).Sum(one => one.Known * one.Fixed.ExpectedDelay));
        Assert.Null(media.Classes[3].Optimum);
    }

    [Fact(Timeout = 120_000)]
    public async Task Sources_that_have_not_learned_a_plan_say_why()
    {
        await using var host = await LearnedAsync();

        var report = await host.Http.GetStringAsync("/api/plan", Cancelled);

        var sources = JsonSerializer.Deserialize(report, ApiJson.Default.PlanReport)!.Sources;
        Assert.Equal(
            [("files", "Poll:Plan is Fixed"), ("media", null), ("video", "fewer than 20 ages are known")],
            sources.Select(source => (source.Name, (string?)source.Reason)));
        Assert.All(sources, source => Assert.Equal(source.Reason is null, source.Plan == PlanInUse.Learned));
        Assert.Equal((null, null, 0), (sources[2].Heard, sources[2].OfSource, sources[2].Classes.Count));
        Assert.Equal(PlanInUse.Fixed, Assert.Single(sources[0].Classes).Plan);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_reasons_are_in_the_language_of_the_request()
    {
        await using var host = await LearnedAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/plan") { Headers = { { "Accept-Language", "zh-CN" } } };

        using var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal("zh-CN", Assert.Single(answer.Content.Headers.ContentLanguage));
        using var report = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(
            ["Poll:Plan 为 Fixed", null, "已知时长不足 20 个"],
            report.RootElement.GetProperty("sources").EnumerateArray().Select(source => source.TryGetProperty("reason", out var reason) ? reason.GetString() : null));
    }

    [Fact(Timeout = 120_000)]
    public async Task Plans_fit_into_80_columns_with_bars_and_waits()
    {
        await using var host = await LearnedAsync();

        var (exit, output, error) = await CommandRun.RunAsync(host, "plan", "--all");
        await using var live = CommandRun.StartLive(["plan", "--url", host.Host.Url.AbsoluteUri, "--all"], 80);

        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.Equal(ExitCodes.Ok, await live.ExitAsync());
        foreach (var shown in (string[])[output, CommandRun.Plain(live.Output.ToString())])
        {
            TestContext.Current.TestOutputHelper?.WriteLine(shown);
            Assert.All(shown.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
            Assert.Contains("media: learned plans.", shown, StringComparison.Ordinal);
            Assert.Contains("files: the fixed plan.\nPoll:Plan is Fixed.", shown, StringComparison.Ordinal);
            Assert.Contains("Notified: 75% of 160 jobs in 7 days", shown, StringComparison.Ordinal);
            Assert.Contains("########################################", shown, StringComparison.Ordinal);
            Assert.Contains("The learned plan polls a job at these ages:", shown, StringComparison.Ordinal);
            Assert.Matches(@"(?m)^avthumb/mp4: 1\d\d known jobs", shown);
            Assert.Matches(@"(?m)^\W*avthumb/mp4\W+1\d\d\W+learned\W+1\.\d\d\W+[\d.]+ s\W+1\.\d\d, [\d.]+ s\W+[\d.]+ min", shown);
            Assert.Contains("A class with fewer than 20 known jobs uses the plan of all jobs.", shown, StringComparison.Ordinal);
            Assert.Contains("1.9 jobs a day to keep 20 known.", shown, StringComparison.Ordinal);
            Assert.Contains("A job is overdue after 5", shown, StringComparison.Ordinal);
            Assert.Matches(@"(?m)^Optimum: .* mean delay at 1\.\d\d polls; efficiency 0\.\d\d\.", shown);
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task Ages_and_polls_are_shown_for_the_requested_classes()
    {
        await using var host = await LearnedAsync();

        var (_, few, _) = await CommandRun.RunAsync(host, "plan");
        var (_, one, _) = await CommandRun.RunAsync(host, "plan", "--class", "vframe/jpg");
        var (_, whole, _) = await CommandRun.RunAsync(host, "plan", "--class", "all jobs", "--source", "media");
        var (_, rare, _) = await CommandRun.RunAsync(host, "plan", "--class", "concat");
        var (_, _, unknown) = await CommandRun.RunAsync(host, "plan", "--class", "jpg");
        Assert.StartsWith("No source shown has a class 'jpg'. The classes are all jobs, ", unknown, StringComparison.Ordinal);
        Assert.Contains(", vframe/jpg", unknown, StringComparison.Ordinal);

        Assert.InRange(few.Split('\n').Length, 10, 30);
        Assert.All(few.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.DoesNotContain("polls a job at these ages", few, StringComparison.Ordinal);
        Assert.Contains("--class CLASS shows how long", few, StringComparison.Ordinal);
        Assert.Single(one.Split("polls a job at these ages")[1..]);
        Assert.Contains("\nvframe/jpg: ", one, StringComparison.Ordinal);
        Assert.Contains("\nall jobs: ", whole, StringComparison.Ordinal);
        Assert.Matches(@"The (plan of all jobs|fixed plan) polls a job at these ages:\n +\d", rare);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_environment_names_the_host_and_an_option_overrides_it()
    {
        await using var host = await LearnedAsync();
        var (url, nowhere) = (host.Host.Url.AbsoluteUri, $"http://127.0.0.1:{Loopback.FreePort()}");

        var (_, expected, _) = await CommandRun.RunAsync(host, "plan", "--json");
        var ofVariable = await CommandProcess.RunAsync(Path.GetTempPath(), new() { [HostOptions.UrlVariable] = url }, "plan", "--json");
        var ofOption = await CommandProcess.RunAsync(Path.GetTempPath(), new() { [HostOptions.UrlVariable] = nowhere }, "plan", "--json", "--url", url);
        var (unreachable, _, error) = await CommandProcess.RunAsync(Path.GetTempPath(), new() { [HostOptions.UrlVariable] = nowhere }, "plan", "--json");

        Assert.Equal((ExitCodes.Ok, SourcesOf(expected)), (ofVariable.Exit, SourcesOf(ofVariable.Output)));
        Assert.Equal((ExitCodes.Ok, SourcesOf(expected)), (ofOption.Exit, SourcesOf(ofOption.Output)));
        Assert.Equal(ExitCodes.Unreachable, unreachable);
        Assert.Contains(nowhere, error, StringComparison.Ordinal);

        static string SourcesOf(string json)
        {
            using var report = JsonDocument.Parse(json);
            return string.Join(' ', report.RootElement.GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("name").GetString()));
        }
    }

    [Theory(Timeout = 120_000)]
    [InlineData("No source shown has a class 'nothing'. No class is known yet.", "--class", "nothing")]
    [InlineData("--class and --all exclude each other.", "--class", "copy", "--all")]
    [InlineData("--all and --json exclude each other. JSON has every class.", "--all", "--json")]
    public async Task Unsupported_options_are_refused(string problem, params string[] options)
    {
        await using var host = await RunningHost.StartAsync();

        var (exit, output, error) = await CommandRun.RunAsync(host, ["plan", .. options]);

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.StartsWith(problem, error, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_shown_overdue_age_is_the_one_that_the_host_uses()
    {
        await using var host = await LearnedAsync();
        var overdue = host.Host.Services.GetRequiredService<LearnedPlans>().OverdueOf("media")!;

        var report = (await host.Http.GetFromJsonAsync("/api/plan?source=media", ApiJson.Default.PlanReport, Cancelled))!;

        var media = Assert.Single(report.Sources);
        Assert.Equal(overdue.OfSource!.Value.TotalSeconds, media.OfSource!.OverdueAfter!.Value, 0.001);
        Assert.All(media.Classes, one => Assert.Equal(overdue.For(one.Class!)?.TotalSeconds ?? -1, one.OverdueAfter ?? -1, 0.001));
        Assert.InRange(media.Classes[0].OverdueAfter!.Value, 1.5 * 200, 1.5 * 260);
        Assert.Equal(media.OfSource.OverdueAfter, media.Classes.Single(one => one.Class == "concat").OverdueAfter);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_cut_list_of_ages_says_so()
    {
        await using var host = await LearnedAsync();

        var report = (await host.Http.GetFromJsonAsync("/api/plan?source=media", ApiJson.Default.PlanReport, Cancelled))!;
        var (_, output, _) = await CommandRun.RunAsync(host, "plan", "--source", "media", "--class", "all jobs");

        Assert.All(report.Sources[0].Classes, one => Assert.Equal((true, PlanReportReader.MostAges), (one.AgesCut, one.Ages.Count)));
        Assert.Contains("     ...  188 more up to ", output, StringComparison.Ordinal);
        Assert.Contains(", and later ones\n          --json lists the first 200.\n", output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_maximum_number_of_classes_is_answered_within_seconds()
    {
        await using var host = await RunningHost.StartAsync();
        var statistics = host.Host.Services.GetRequiredService<IStatistics>();
        for (var hour = 1; hour <= 5; hour++)
        {
            var known = Enumerable.Range(0, CommandClass.MostClasses).ToDictionary(
                number => string.Create(CultureInfo.InvariantCulture, $"tool-{number:D2}"), number => Known(7, i => (1 + number) * (10 + i + hour)), StringComparer.Ordinal);
            await statistics.AddAsync(
                new(string.Create(CultureInfo.InvariantCulture, $"h{hour}"), "media", DateTimeOffset.UtcNow.AddHours(hour - 6), new Dictionary<DateTimeOffset, HourSums>(), known), Cancelled);
        }

        var clock = Stopwatch.StartNew();
        var answer = await host.Http.GetStringAsync("/api/plan?source=media", Cancelled);
        TestContext.Current.TestOutputHelper?.WriteLine($"{clock.Elapsed.TotalSeconds:0.0} s, {answer.Length} characters");

        var media = Assert.Single(JsonSerializer.Deserialize(answer, ApiJson.Default.PlanReport)!.Sources);
        Assert.Equal(CommandClass.MostClasses, media.Classes.Count);
        Assert.Equal(SourcePlans.MostPlans, media.Classes.Count(one => one.Optimum is not null));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact(Timeout = 120_000)]
    public async Task An_unknown_source_and_a_wrong_key_are_refused()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "an-api-key-of-16");

        var (exit, _, error) = await CommandRun.RunAsync(host, "plan", "--api-key", "an-api-key-of-16", "--source", "nobody");
        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Equal("--source: 'nobody' is not the name of a configured source; the sources are files, media, video.", error.TrimEnd());
        (exit, _, error) = await CommandRun.RunAsync(host, "plan");
        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Contains("FOPWATCH_API_KEY", error, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_unreachable_host_is_exit_code_3() =>
        Assert.Equal(ExitCodes.Unreachable, (await CommandRun.RunAsync(["plan", "--url", "http://127.0.0.1:9"])).Exit);

    /// <summary>A host whose source <c>media</c> has learned from 20 hours, and whose source <c>files</c> has the fixed plan.</summary>
    private static async Task<RunningHost> LearnedAsync()
    {
        var clock = new ManualTimeProvider(Start);
        var settings = RunningHost.TokenSources();
        settings["Sources:files:Poll:Plan"] = "Fixed";
        var host = await RunningHost.StartAsync(settings, time: clock);
        var statistics = host.Host.Services.GetRequiredService<IStatistics>();
        for (var hour = 0; hour < 20; hour++)
        {
            var sums = new HourSums();
            for (var i = 0; i < 8; i++)
                sums.Add(i < 6 ? HourSum.Heard : HourSum.Found);
            var known = new Dictionary<string, KnownAges>
            {
                ["avthumb/mp4"] = Known(6, i => 200 + hour + (0.1 * i)),
                ["vframe/jpg"] = Known(3, i => 4 + (0.2 * hour) + i),
                ["idle/avthumb/mp4"] = Known(2, i => 3600 + (100 * hour)),
                ["concat"] = Known(0.5, _ => 30),
            };
            var hours = new Dictionary<DateTimeOffset, HourSums> { [Start.AddHours(hour)] = sums };
            await statistics.AddAsync(new(string.Create(CultureInfo.InvariantCulture, $"m{hour}"), "media", Start.AddHours(hour), hours, known), Cancelled);
        }

        await statistics.AddAsync(
            new("f", "files", Start, new Dictionary<DateTimeOffset, HourSums>(), new Dictionary<string, KnownAges> { ["copy"] = Known(3, _ => 2) }), Cancelled);
        await host.StopAsync();
        clock.Advance(TimeSpan.FromHours(24));
        await host.RestartAsync(clock);
        var plans = host.Host.Services.GetRequiredService<LearnedPlans>();
        await Eventually.HoldsAsync(() => plans.Of("media") is not null);
        return host;
    }

    private static KnownAges Known(double jobs, Func<int, double> age)
    {
        var ages = new KnownAges();
        if (jobs < 1)
            ages.AddOver(age(0), jobs);
        for (var i = 0; i < (int)jobs; i++)
            ages.AddOver(age(i));
        return ages;
    }
}
