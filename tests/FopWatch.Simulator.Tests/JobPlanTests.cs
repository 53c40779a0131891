using System.Text.Json;

namespace FopWatch.Simulator.Tests;

public class JobPlanTests
{
    [Theory]
    [InlineData(1, 10)]
    [InlineData(2, 200)]
    public void The_same_seed_gives_the_same_jobs(int seed, int count)
    {
        var once = JsonSerializer.Serialize(JobPlan.Generate(seed, count));
        var again = JsonSerializer.Serialize(JobPlan.Generate(seed, count));

        Assert.Equal(count, JobPlan.Generate(seed, count).Count);
        Assert.Equal(once, again);
        Assert.NotEqual(once, JsonSerializer.Serialize(JobPlan.Generate(seed + 1, count)));
    }

    [Fact]
    public void The_same_seed_gives_the_same_jobs_in_another_process()
    {
        // Recorded once: the jobs named in the report of a failed run must be reproducible on another machine.
        Assert.Equal("z0.AA78511D947FA221E323BAC28A57FF9A", JobPlan.Generate(42, 1)[0].Id);
    }

    [Fact]
    public void The_same_seed_gives_the_same_bodies()
    {
        static string Bodies(int seed) => string.Join('\n', JobPlan.Generate(seed, 60).SelectMany(job =>
            from isNotification in new[] { true, false }
            from ordinal in new[] { 0, 1 }
            select new ProviderReport(job, isNotification, job.DoneAfter, DateTimeOffset.UnixEpoch, ordinal).ToJson()));

        Assert.Equal(Bodies(5), Bodies(5));
        Assert.NotEqual(Bodies(5), Bodies(6));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Sixty_jobs_show_every_form_fault_and_peculiarity(int seed)
    {
        var jobs = JobPlan.Generate(seed, JobPlan.Complete);

        Assert.Equal(Enum.GetValues<BodyShape>(), jobs.Select(job => job.Shape).Distinct().Order());
        Assert.Equal(Enum.GetValues<Forgery>(), jobs.Select(job => job.Faults.Forged).Distinct().Order());
        var scripted = jobs.SelectMany(job => job.Faults.Status).ToHashSet();
        Assert.All(Enum.GetValues<StatusAnswer>().Except([StatusAnswer.Report, StatusAnswer.Unauthorized, StatusAnswer.BadRequest]), answer => Assert.Contains(answer, scripted));
        Func<SimulatedJob, bool>[] all =
        [
            job => job.Faults.Lost,
            job => job.Faults.NotificationFails,
            job => job.Faults.Doubled,
            job => job.Faults.Late > TimeSpan.Zero,
            job => job.Faults.Reordered && job.Separate,
            job => job.Faults.UndecodableFirst,
            job => job.Faults.CutFirst,
            job => job.Faults.StatusAlways is not null,
            job => job.Unobtainable,
            job => job.Cancelled,
            job => job.Items.Any(item => item.ReturnOld),
            job => job.ClaimsSuccess && job.ExpectedState == "partiallyFailed",
            job => job.Idle,
            job => job.Separate && job.SeparateListsAll,
            job => job.Separate && !job.SeparateListsAll,
            job => job.Items.Any(item => item.Secret is not null),
            job => job.Items.Any(item => item.Suggestion is not null),
            job => job.Items.Any(item => item.UrlSecret is not null && item.Command.StartsWith("mkzip/", StringComparison.Ordinal)),
            job => job.Items.DistinctBy(item => item.Command).Count() < job.Items.Count,
            job => job.Items.Any(item => item.Fate == ItemFate.Skipped) && !job.Cancelled,
            job => job.Items.Any(item => item.Command.Contains("|saveas/", StringComparison.Ordinal)),
        ];
        Assert.All(all, thing => Assert.Contains(jobs, job => thing(job)));
        Assert.Equal(["cancelled", "expired", "failed", "partiallyFailed", "succeeded"], jobs.Select(job => job.ExpectedState).Distinct().Order());
        Assert.Equal(Enum.GetValues<SigningScheme>(), jobs.Select(job => job.Signing).Distinct().Order());
        Assert.Equal(Enum.GetValues<WangsuEncoding>(), jobs.Where(job => job.IsWangsu).Select(job => job.Encoding).Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_truth_is_always_told_in_the_end(int seed) =>
        Assert.All(JobPlan.Generate(seed, 300).Where(job => !job.Unobtainable), job =>
        {
            // Either by the status API after some polls, or by one strongly signed notification that lists everything.
            if (job.Faults.StatusAlways is null)
                return;
            Assert.True(job.Signing is SigningScheme.Qiniu or SigningScheme.Wangsu);
            Assert.False(job.Faults.Lost || job.Faults.NotificationFails || job.Separate);
        });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void The_jobs_are_possible(int seed)
    {
        var options = new PlanOptions();
        var jobs = JobPlan.Generate(seed, 500, options);

        Assert.Equal(jobs.Count, jobs.Select(job => job.Id).Distinct().Count());
        Assert.All(jobs, job =>
        {
            Assert.Matches("^[A-Za-z0-9._-]{1,128}$", job.Id);
            Assert.InRange(job.DoneAfter, options.MinProcessing, options.MaxWaiting + options.MaxProcessing);
            Assert.InRange(job.ProcessingAfter, TimeSpan.Zero, options.MaxWaiting);
            Assert.True(job.Faults.NotFoundWindow < TimeSpan.FromMinutes(10));
            Assert.All(job.Items, item =>
            {
                Assert.True(item.StartedAfter >= job.ProcessingAfter && (item.FinishedAfter ?? job.DoneAfter) <= job.DoneAfter);
                Assert.Equal(item.Fate == ItemFate.Failed, item.Error is not null);
                Assert.True(item.Fate == ItemFate.Succeeded || item.Outputs.Count == 0);
                Assert.True(item.Fate == ItemFate.Succeeded || (item.Suggestion is null && item.Unpacked.Count == 0));
                Assert.True(item.Secret is null || item.Command.Contains($"/hlsKey/{item.Secret}/", StringComparison.Ordinal));
            });
            Assert.True(job.Shape == BodyShape.QiniuWorkflowV3 || (!job.Cancelled && job.Items.All(item => item.Fate != ItemFate.Skipped)));
            Assert.True(!job.Separate || job.IsWangsu);
        });
    }

    [Fact]
    public void Options_restrict_the_plan()
    {
        var jobs = JobPlan.Generate(3, 200, new PlanOptions { UseSignatures = false, Unobtainable = false, Shapes = [BodyShape.WangsuFmgr] }.ScaledBy(0.001));

        Assert.All(jobs, job =>
        {
            Assert.Equal(BodyShape.WangsuFmgr, job.Shape);
            Assert.Equal(SigningScheme.None, job.Signing);
            Assert.Equal(Forgery.None, job.Faults.Forged);
            Assert.Null(job.Faults.StatusAlways);
            Assert.False(job.Unobtainable);
            Assert.True(job.DoneAfter < TimeSpan.FromSeconds(1));
        });
        Assert.Contains(jobs, job => job.Faults.Lost);
    }

    [Fact]
    public void The_expected_outcome_follows_from_the_items()
    {
        var (good, bad, not) = (ItemFate.Succeeded, ItemFate.Failed, ItemFate.Skipped);
        string State(params ItemFate[] fates) => SimulatedJobs.Job(BodyShape.QiniuWorkflowV3, fates: fates).ExpectedState;

        Assert.Equal("succeeded", State(good, good));
        Assert.Equal("partiallyFailed", State(good, bad, not));
        Assert.Equal("failed", State(bad, not));
        Assert.Equal("cancelled", (SimulatedJobs.Job(BodyShape.QiniuWorkflowV3, fates: [good, not]) with { Cancelled = true }).ExpectedState);
        Assert.Equal("expired", (SimulatedJobs.Job(BodyShape.QiniuClassic) with { Unobtainable = true }).ExpectedState);
        Assert.Equal(new ExpectedCounts(4, 2, 1, 1), SimulatedJobs.Job(BodyShape.QiniuWorkflowV3, fates: [good, bad, not, good]).ExpectedCounts);
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 20)];
}
