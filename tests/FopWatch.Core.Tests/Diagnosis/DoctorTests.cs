using FopWatch.Diagnosis;
using FopWatch.Jobs;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Core.Tests.Diagnosis;

/// <summary>How examinations run, whatever their checks do.</summary>
public sealed class DoctorTests
{
    private readonly DoctorTurn _turn = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Findings_are_in_the_order_of_the_checks_whichever_ends_first()
    {
        var second = new TaskCompletionSource();
        var report = await DoctorOf(
            Step(DoctorCheck.Settings, async _ =>
            {
                await second.Task;
                return Passes(DoctorCheck.Settings);
            }),
            Step(DoctorCheck.Clock, _ =>
            {
                second.SetResult();
                return Task.FromResult(Passes(DoctorCheck.Clock));
            })).ExamineAsync(Token);

        Assert.Equal([DoctorCheck.Settings, DoctorCheck.Clock], report!.Findings.Select(finding => finding.Check));
    }

    [Fact]
    public async Task A_step_that_never_ends_is_a_finding_and_the_others_report_theirs()
    {
        var limits = new DoctorLimits { Step = TimeSpan.FromMilliseconds(200) };
        var report = await DoctorOf(
            limits,
            Step(DoctorCheck.Tables, async _ =>
            {
                // It ignores the token.
                await Task.Delay(Timeout.Infinite, Token);
                return [];
            }),
            Step(DoctorCheck.StatusApi, async cancelled =>
            {
                await Task.Delay(Timeout.Infinite, cancelled);
                return [];
            }) with
            {
                TooSlow = after => new() { Check = DoctorCheck.StatusApi, Level = DoctorLevel.Warning, What = $"slow after {after.TotalSeconds}" },
            },
            Step(DoctorCheck.Clock, _ => Task.FromResult(Passes(DoctorCheck.Clock)))).ExamineAsync(Token);

        Assert.Equal(
            [(DoctorLevel.Trouble, "The check did not end within 0.2 s."), (DoctorLevel.Warning, "slow after 0.2"), (DoctorLevel.Pass, "fine")],
            report!.Findings.Select(finding => (finding.Level, finding.What.ToString())));
    }

    [Fact]
    public async Task A_checks_exception_is_a_finding_that_quotes_only_the_stores_message()
    {
        var report = await DoctorOf(
            Step(DoctorCheck.Tables, _ => throw new StoreUnavailableException("Table Storage cannot answer now: it answered 503.")),
            Step(DoctorCheck.Clock, _ => throw new InvalidOperationException("secret"))).ExamineAsync(Token);

        Assert.All(report!.Findings, finding => Assert.Equal(DoctorLevel.Trouble, finding.Level));
        Assert.Equal(
            ["Table Storage cannot answer now: it answered 503.", "The check failed with InvalidOperationException."], report.Findings.Select(finding => finding.What.ToString()));
    }

    [Fact]
    public async Task One_examination_runs_at_a_time_and_the_next_one_afterwards()
    {
        var (began, end) = (new TaskCompletionSource(), new TaskCompletionSource());
        var doctor = DoctorOf(Step(DoctorCheck.Clock, async _ =>
        {
            began.TrySetResult();
            await end.Task;
            return Passes(DoctorCheck.Clock);
        }));

        var first = doctor.ExamineAsync(Token);
        await began.Task;
        Assert.Null(await doctor.ExamineAsync(Token));
        end.SetResult();

        Assert.NotNull(await first);
        Assert.NotNull(await doctor.ExamineAsync(Token));
    }

    [Fact]
    public async Task A_caller_who_disconnects_ends_the_examination_and_releases_its_turn()
    {
        var began = new TaskCompletionSource();
        using var leaves = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var doctor = DoctorOf(Step(DoctorCheck.Clock, async cancelled =>
        {
            began.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancelled);
            return [];
        }));

        var examining = doctor.ExamineAsync(leaves.Token);
        await began.Task;
        await leaves.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => examining);
        Assert.True(_turn.TryTake());
    }

    [Fact]
    public async Task Steps_not_started_within_the_total_time_are_skipped()
    {
        var limits = new DoctorLimits { Whole = TimeSpan.FromMilliseconds(200), AtOnce = 1 };
        var report = await DoctorOf(
            limits,
            Step(DoctorCheck.Tables, async cancelled =>
            {
                await Task.Delay(Timeout.Infinite, cancelled);
                return [];
            }),
            Step(DoctorCheck.Clock, _ => Task.FromResult(Passes(DoctorCheck.Clock)))).ExamineAsync(Token);

        Assert.Equal([DoctorLevel.Trouble, DoctorLevel.Skipped], report!.Findings.Select(finding => finding.Level));
        Assert.Equal("It was not examined: the other checks took 0.2 s.", report.Findings[1].What);
    }

    private static DoctorStep Step(DoctorCheck check, Func<CancellationToken, Task<IReadOnlyList<DoctorFinding>>> run) => new(check, null, run);

    private static IReadOnlyList<DoctorFinding> Passes(DoctorCheck check) => [new() { Check = check, Level = DoctorLevel.Pass, What = $"fine" }];

    private Doctor DoctorOf(params DoctorStep[] steps) => DoctorOf(new() { Step = TimeSpan.FromMinutes(1) }, steps);

    private Doctor DoctorOf(DoctorLimits limits, params DoctorStep[] steps) => new([new Fixed(steps)], _turn, limits, TimeProvider.System, NullLogger.Instance);

    private sealed class Fixed(IEnumerable<DoctorStep> steps) : IDoctorCheck
    {
        public IEnumerable<DoctorStep> Steps => steps;
    }
}
