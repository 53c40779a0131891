using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

public sealed class PlanTests
{
    private static readonly string[] Members = ["plan", "ages", "expectedPolls", "expectedDelay", "efficiency", "fixed"];

    [Theory]
    [InlineData(0)]
    [InlineData(0.8)]
    public async Task The_expectations_are_those_of_the_given_ages(double heard)
    {
        var ages = TwoModes(300);

        using var json = await JsonAsync(ages, "--first", "30s", "--heard", heard.ToString(CultureInfo.InvariantCulture));

        var plan = json.RootElement;
        Assert.Equal(Members, plan.EnumerateObject().Select(one => one.Name));
        Assert.Equal("learned", plan.GetProperty("plan").GetString());
        AssertCounted(plan, ages, heard);
        AssertCounted(plan.GetProperty("fixed"), ages, heard);
        Assert.InRange(Number(plan, "expectedPolls"), 0, Number(plan.GetProperty("fixed"), "expectedPolls"));
        Assert.InRange(Number(plan, "expectedDelay"), 0, Number(plan.GetProperty("fixed"), "expectedDelay") / 2);
        Assert.InRange(Number(plan, "efficiency"), 0.6, 1);
    }

    [Fact]
    public async Task The_fixed_plan_is_that_of_the_options()
    {
        using var json = await JsonAsync([10], "--first", "00:00:30", "--factor", "2", "--max", "1.5m", "--deadline", "300");

        Assert.Equal([30, 90, 180, 270, 300], Ages(json.RootElement.GetProperty("fixed")));
        Assert.Equal("fixed", json.RootElement.GetProperty("plan").GetString());
        Assert.Equal(Members, json.RootElement.EnumerateObject().Select(one => one.Name));
        Assert.Equal(Ages(json.RootElement.GetProperty("fixed")), Ages(json.RootElement));
        Assert.Equal((1, 20), (Number(json.RootElement, "expectedPolls"), Number(json.RootElement, "expectedDelay")));
    }

    [Theory]
    [InlineData("3")]
    [InlineData("6")]
    public async Task The_option_polls_per_job_sets_how_many_polls_are_spent(string polls)
    {
        using var json = await JsonAsync(TwoModes(300), "--polls-per-job", polls);

        var wanted = double.Parse(polls, CultureInfo.InvariantCulture);
        Assert.InRange(Number(json.RootElement, "expectedPolls"), 0.85 * wanted, wanted);
        Assert.False(json.RootElement.TryGetProperty("exceedsPollsPerJob", out _));
    }

    [Theory]
    [InlineData]
    [InlineData("--polls-per-job", "1")]
    [InlineData("--polls-per-job", "0.9")]
    public async Task If_one_poll_is_the_least_it_is_made_soon_after_the_last_end(params string[] options)
    {
        // The fixed plan polls once, after 2 minutes. All jobs are over after 70 s.
        using var json = await JsonAsync([.. Enumerable.Range(0, 201).Select(i => 50 + (0.1 * i))], options);

        Assert.Equal(1, Number(json.RootElement, "expectedPolls"));
        Assert.InRange(Number(json.RootElement, "expectedDelay"), 10, 11);
        Assert.InRange(Number(json.RootElement, "efficiency"), 0.95, 1);
    }

    [Theory]
    [InlineData("--first", "5", "--factor", "1", "--max", "300")]
    [InlineData("--first", "300", "--factor", "1", "--max", "300")]
    public async Task A_fixed_plan_that_is_better_with_the_requested_polls_is_kept(params string[] options)
    {
        // Waits shorter than the steps of the grid, and waits that are exactly the longest.
        double[] ages = [.. Enumerable.Range(1, 60).Select(i => 45.5 * i)];
        using var asFixed = await JsonAsync(ages, options);
        var fixedPlan = asFixed.RootElement.GetProperty("fixed");

        using var json = await JsonAsync(ages, [.. options, "--polls-per-job", Number(fixedPlan, "expectedPolls").ToString(CultureInfo.InvariantCulture)]);

        Assert.InRange(Number(json.RootElement, "expectedDelay"), 0, Number(fixedPlan, "expectedDelay"));
        Assert.InRange(Number(json.RootElement, "expectedPolls"), 0, Number(fixedPlan, "expectedPolls") + 1e-6);
        Assert.False(json.RootElement.TryGetProperty("exceedsPollsPerJob", out _));
        Assert.InRange(Number(json.RootElement, "efficiency"), 0.5, 1);
    }

    [Fact]
    public async Task The_last_range_of_ages_is_open()
    {
        var (_, output, _) = await CommandRun.RunAsync(["plan", "--ages", "-"], "50\n1e9\n");

        Assert.Contains(" 6.07 d or more            1 ###", output, StringComparison.Ordinal);
        Assert.DoesNotContain("12.1 d", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_few_polls_for_the_longest_wait_are_reported()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["plan", "--ages", "-", "--polls-per-job", "1"], Lines(TwoModes(300)));
        using var json = await JsonAsync(TwoModes(300), "--polls-per-job", "1");
        using var few = await JsonAsync([300, 400], "--polls-per-job", "1");

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains("No learned plan makes as few polls as --polls-per-job allows", output, StringComparison.Ordinal);
        Assert.All((JsonDocument[])[json, few], one => Assert.True(one.RootElement.GetProperty("exceedsPollsPerJob").GetBoolean()));
    }

    [Fact]
    public async Task Ages_end_at_the_deadline_or_after_ten_thousand()
    {
        using var json = await JsonAsync(TwoModes(30), "--first", "10s", "--max", "10s");
        Assert.Equal(10_000, Ages(json.RootElement.GetProperty("fixed")).Length);
        Assert.InRange(Ages(json.RootElement).Length, 1_000, 10_000);
        Assert.True(json.RootElement.GetProperty("fixed").GetProperty("agesCut").GetBoolean());

        using var whole = await JsonAsync(TwoModes(30), "--deadline", "1h");
        Assert.Equal((3600, 3600), (Ages(whole.RootElement)[^1], Ages(whole.RootElement.GetProperty("fixed"))[^1]));
        Assert.Equal(Members, whole.RootElement.EnumerateObject().Select(one => one.Name));
        Assert.False(whole.RootElement.GetProperty("fixed").TryGetProperty("agesCut", out _));
    }

    [Fact]
    public async Task A_cut_list_says_how_many_ages_follow()
    {
        var (_, output, _) = await CommandRun.RunAsync(["plan", "--ages", "-", "--first", "10s", "--max", "10s"], "60");
        Assert.Contains("     ...  9988 more up to 27.8 h, and later ones\n          --json lists the first 10000.\n", output, StringComparison.Ordinal);

        (_, output, _) = await CommandRun.RunAsync(["plan", "--ages", "-", "--first", "10s", "--max", "10s", "--deadline", "1h"], "60");
        Assert.Contains("     ...  348 more up to 60 min\n          --json lists all of them.\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_plan_is_learned_from_jobs_that_end_after_the_deadline()
    {
        foreach (var more in (string[][])[[], ["--polls-per-job", "3"]])
        {
            string[] options = ["--deadline", "3m", .. more];
            using var json = await JsonAsync([.. Enumerable.Repeat(200d, 30)], options);
            var (_, text, _) = await CommandRun.RunAsync(["plan", "--ages", "-", .. options], Lines(Enumerable.Repeat(200d, 30)));

            Assert.Equal("fixed", json.RootElement.GetProperty("plan").GetString());
            Assert.Contains("No job had ended by --deadline, so no poll finds an end.\nThe fixed plan polls", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Jobs_that_are_nearly_all_notified_still_have_a_delay()
    {
        var ages = TwoModes(300);

        using var json = await JsonAsync(ages, "--first", "30s", "--heard", "0.9999999");
        var (_, text, _) = await CommandRun.RunAsync(["plan", "--ages", "-", "--first", "30s", "--heard", "0.9999999"], Lines(ages));

        using var unheard = await JsonAsync(ages, "--first", "30s");
        var (late, all) = (Number(json.RootElement.GetProperty("fixed"), "expectedDelay"), Number(unheard.RootElement.GetProperty("fixed"), "expectedDelay"));
        Assert.InRange(late / all, 0.99999e-7, 1.00001e-7);
        Assert.InRange(Number(json.RootElement, "expectedDelay"), late / 1000, late);
        Assert.Contains("99.99999% of them are notified", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--max (00:01:00) is less than --first (00:02:00 by default).", "--max", "1m")]
    [InlineData("--deadline (00:01:00) is less than --first (00:02:00 by default).", "--deadline", "1m")]
    [InlineData("--deadline (9.00:00:00 by default) is less than --first (10.00:00:00).", "--first", "10d")]
    [InlineData("--deadline (01:00:00) is less than --first (02:00:00).", "--first", "2h", "--deadline", "1h")]
    [InlineData("--ages and --api-key exclude each other. --api-key is for the plans of a host.", "--api-key", "a-key")]
    [InlineData("--ages and --class exclude each other. --class is for the plans of a host.", "--class", "avthumb/mp4")]
    [InlineData("--ages and --all exclude each other. --all is for the plans of a host.", "--all")]
    [InlineData("--ages and --source exclude each other. --source is for the plans of a host.", "--source", "media")]
    public async Task Contradictory_options_are_named_with_their_values(string problem, params string[] options)
    {
        var (exit, output, error) = await CommandRun.RunAsync(["plan", "--ages", "-", .. options], "60");

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.StartsWith(problem + "\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_million_ages_take_seconds()
    {
        var random = new Random(1);
        var text = new StringBuilder();
        for (var i = 0; i < 1_000_000; i++)
            text.Append(CultureInfo.InvariantCulture, $"{-120 * Math.Log(1 - random.NextDouble()):0.000}\n");

        var clock = Stopwatch.StartNew();
        var (exit, output, error) = await CommandRun.RunAsync(["plan", "--ages", "-", "--json"], text.ToString());

        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.StartsWith("{\"plan\":", output, StringComparison.Ordinal);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task The_output_fits_into_80_columns()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["plan", "--ages", "-", "--first", "30s", "--heard", "0.95"], Lines(TwoModes(300)));

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.All(output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 80));
        Assert.Contains("300 ages", output, StringComparison.Ordinal);
        Assert.Contains("########################################", output, StringComparison.Ordinal);
        Assert.Contains("The learned plan polls a job at these ages:", output, StringComparison.Ordinal);
        Assert.Matches(@"(?m)^learned +\d\.\d\d .*\d+%", output);
        Assert.Matches(@"(?m)^optimum +\d\.\d\d .*\d+%", output);
        Assert.Contains("95% of them are notified", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_learned_plan_that_saves_almost_nothing_is_not_used()
    {
        // All jobs end just before the fixed plan's first poll.
        double[] ages = [.. Enumerable.Range(0, 50).Select(i => 119.5 + (i * 0.01))];
        using var json = await JsonAsync(ages);
        var (_, text, _) = await CommandRun.RunAsync(["plan", "--ages", "-"], Lines(ages));

        Assert.Equal("fixed", json.RootElement.GetProperty("plan").GetString());
        Assert.Equal(Members, json.RootElement.EnumerateObject().Select(one => one.Name));
        Assert.Contains("No learned plan with as few polls would save 3 % of the fixed plan's delay.\nThe fixed plan polls a job", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
    }

    [Theory]
    [InlineData("60\nabc\n", 2, "abc")]
    [InlineData("60\n\n-1\n", 3, "-1")]
    [InlineData("NaN", 1, "NaN")]
    [InlineData("# ages\r\n60\r\nInfinity\r\n", 3, "Infinity")]
    [InlineData("1e400", 1, "1e400")]
    [InlineData("60 s", 1, "60 s")]
    [InlineData("60,5", 1, "60,5")]
    public async Task An_invalid_line_is_named(string text, int line, string shown)
    {
        var (exit, output, error) = await CommandRun.RunAsync(["plan", "--ages", "-"], text);

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.StartsWith($"'-', line {line}: '{shown}' is not an age. An age is a number of seconds from 0 to 1e9, such as 92.5.\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blank_lines_comments_and_a_byte_order_mark_are_skipped()
    {
        var (exit, output, _) = await CommandRun.RunAsync(["plan", "--ages", "-"], "\uFEFF# seconds\r\n\r\n 60 \r\n1e2\r\n0\r\n");

        Assert.Equal(ExitCodes.Ok, exit);
        Assert.StartsWith("3 ages", output, StringComparison.Ordinal);
        Assert.Contains("Fewer than 20 ages are known.\nThe fixed plan polls", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Efficiency", output, StringComparison.Ordinal);
        Assert.DoesNotContain("optimum", output, StringComparison.Ordinal);
    }

    private static double[] TwoModes(int count) =>
        [.. Enumerable.Range(0, count).Select(i => (i % 2 == 0 ? 40 : 1800) * (0.9 + (0.2 * ((i * 0.618034) % 1))))];

    private static string Lines(IEnumerable<double> ages) => string.Join('\n', ages.Select(age => age.ToString("R", CultureInfo.InvariantCulture)));

    private static async Task<JsonDocument> JsonAsync(double[] ages, params string[] options)
    {
        var (exit, output, error) = await CommandRun.RunAsync(["plan", "--ages", "-", "--json", .. options], Lines(ages));
        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        return JsonDocument.Parse(output);
    }

    private static double Number(JsonElement plan, string name) => plan.GetProperty(name).GetDouble();

    private static double[] Ages(JsonElement plan) => [.. plan.GetProperty("ages").EnumerateArray().Select(age => age.GetDouble())];

    private static void AssertCounted(JsonElement plan, double[] ages, double heard)
    {
        var polls = Ages(plan);
        var (made, late) = (0d, 0d);
        foreach (var age in ages)
        {
            var found = Array.FindIndex(polls, poll => poll >= age);
            made += found + (1 - heard);
            late += (1 - heard) * (polls[found] - age);
        }

        Assert.Equal(made / ages.Length, Number(plan, "expectedPolls"), 4);
        Assert.Equal(late / ages.Length, Number(plan, "expectedDelay"), 3);
    }
}
