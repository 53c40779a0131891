using System.Net;
using System.Net.Sockets;

namespace FopWatch.Simulator.Tests;

public class NotifyingTests
{
    private static readonly DateTimeOffset Done = new ManualTimeProvider().GetUtcNow().AddMinutes(1);

    [Theory]
    [InlineData(503)]
    [InlineData(204)]
    [InlineData(302)]
    public async Task Qiniu_retries_13_times_with_doubling_waits(int status)
    {
        await using var fixture = await SimulatorFixture.StartAsync(_ => status);
        await fixture.PlayAsync(SimulatedJobs.Job(BodyShape.QiniuClassic));

        var waits = Enumerable.Range(0, 14).Select(i => TimeSpan.FromSeconds((1 << i) - 1));
        Assert.Equal(waits.Select(wait => Done + wait), fixture.Receiver.All.Select(received => received.At));
        Assert.Equal(14, fixture.Provider.Counters.NotificationsByStatus[status]);
    }

    [Theory]
    [InlineData(BodyShape.WangsuFmgr)]
    [InlineData(BodyShape.WangsuFops)]
    public async Task Wangsu_retries_3_times_immediately_and_5_times_a_minute_apart_even_after_a_4xx(BodyShape shape)
    {
        await using var fixture = await SimulatorFixture.StartAsync(_ => 400);
        await fixture.PlayAsync(SimulatedJobs.Job(shape));

        int[] minutes = [0, 0, 0, 0, 1, 2, 3, 4, 5];
        Assert.Equal(minutes.Select(minute => Done.AddMinutes(minute)), fixture.Receiver.All.Select(received => received.At));
        Assert.Single(fixture.Receiver.All.Select(received => received.Text).Distinct());
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(429)]
    public async Task Qiniu_never_retries_after_a_4xx(int status)
    {
        await using var fixture = await SimulatorFixture.StartAsync(number => number == 0 ? 500 : status);
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic);
        await fixture.PlayAsync(job);

        Assert.Equal([500, status], fixture.Provider.Counters.Deliveries(job.Id).Select(delivery => delivery.Status));
        Assert.False(fixture.Provider.Counters.IsAcknowledged(job.Id));
        Assert.Equal(4, (await fixture.StatusAsync(job)).Code());
    }

    [Fact]
    public async Task A_503_followed_by_a_200_ends_as_accepted()
    {
        await using var fixture = await SimulatorFixture.StartAsync(number => number == 0 ? 503 : 200);
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic);
        await fixture.PlayAsync(job);

        Assert.Equal(
            [new(DeliveryKind.Genuine, 0, 1, Done, 503), new(DeliveryKind.Genuine, 0, 2, Done.AddSeconds(1), 200)],
            fixture.Provider.Counters.Deliveries(job.Id));
        Assert.True(fixture.Provider.Counters.IsAcknowledged(job.Id));
        Assert.Equal(1, fixture.Provider.Counters.NotificationsAccepted);
        Assert.Equal(0, (await fixture.StatusAsync(job)).Code());
    }

    [Fact]
    public async Task A_refused_connection_is_a_failed_delivery()
    {
        // A port that was free a moment ago.
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = new Uri($"http://{listener.LocalEndpoint}/notify");
        listener.Stop();
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.WangsuFmgr);
        await fixture.Provider.SubmitAsync(job, url, TestContext.Current.CancellationToken);
        await fixture.PlayToEndAsync();

        Assert.Equal(9, fixture.Provider.Counters.Deliveries(job.Id).Count);
        Assert.Equal(9, fixture.Provider.Counters.NotificationsByStatus[0]);
        Assert.Equal(5, (await fixture.StatusAsync(job)).Code());
    }

    [Fact]
    public async Task The_budget_can_end_retries_before_the_schedule()
    {
        await using var fixture = await SimulatorFixture.StartAsync(_ => 500, options => options with { RetryBudget = TimeSpan.FromSeconds(10) });
        await fixture.PlayAsync(SimulatedJobs.Job(BodyShape.QiniuClassic));

        Assert.Equal([0, 1, 3, 7], fixture.Receiver.All.Select(received => (received.At - Done).TotalSeconds));
    }

    [Fact]
    public async Task Code_4_is_reported_while_Qiniu_still_retries()
    {
        await using var fixture = await SimulatorFixture.StartAsync(number => number == 0 ? 500 : 200);
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic);
        await fixture.SubmitAsync(job);
        fixture.Clock.AdvanceTo(Done);
        await fixture.Provider.IdleAsync(TestContext.Current.CancellationToken);

        var trying = await fixture.StatusAsync(job);
        Assert.Equal(4, trying.Code());
        Assert.Equal([0, 0], trying.ItemCodes().Values);
        await fixture.PlayToEndAsync();
        Assert.Equal(0, (await fixture.StatusAsync(job)).Code());
    }

    [Fact]
    public async Task Wangsu_reports_its_notification_in_the_codes_of_items_too()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.WangsuFops, fates: [ItemFate.Succeeded, ItemFate.Failed]);
        await fixture.PlayAsync(job);

        HashSet<int> good = [], bad = [];
        for (var i = 0; i < 40; i++)
        {
            var body = await fixture.StatusAsync(job);
            Assert.Equal(6, body.Code());
            good.Add(body.ItemCodes()[job.Items[0].Command]);
            bad.Add(body.ItemCodes()[job.Items[1].Command]);
        }

        Assert.Equal([3, 6], good.Order());
        Assert.Equal([2, 20], bad.Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Separate_notifications_come_as_operations_end(bool listsAll)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.WangsuFops, fates: [ItemFate.Succeeded, ItemFate.Failed, ItemFate.Succeeded]) with
        {
            Separate = true,
            SeparateListsAll = listsAll,
        };
        await fixture.PlayAsync(job);

        var all = fixture.Receiver.All;
        Assert.Equal([-30, -20, 0], all.Select(received => (received.At - Done).TotalSeconds));
        Assert.Equal([1, 2, 3], all.Select(received => received.Json.Code()));
        Assert.All(all, received => Assert.Equal(1, received.Json.Code("separate")));
        if (listsAll)
        {
            Assert.Equal([3, 1, 0], InOrder(all[0]));
            Assert.Equal([3, 2, 1], InOrder(all[1]));
            Assert.Equal([3, 2, 3], InOrder(all[2]));
        }
        else
        {
            Assert.Equal([3], InOrder(all[0]));
            Assert.Equal([2], InOrder(all[1]));
            Assert.Equal([3], InOrder(all[2]));
            Assert.Equal(job.Items.Select(item => item.Command), all.Select(received => received.Json.ItemCodes().Single().Key));
        }

        static IEnumerable<int> InOrder(Received received) =>
            received.Json.ItemCodes().OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value);
    }

    [Fact]
    public async Task Genuine_notifications_are_signed_as_the_job_says()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        for (var seed = 1; seed <= 20; seed++)
        {
            await fixture.PlayAsync(SimulatedJobs.Job(BodyShape.QiniuClassic, seed: seed));
            var strong = fixture.Receiver.All[^1];
            IEnumerable<KeyValuePair<string, string>> headers = strong.QiniuDate is { } date ? [new("X-Qiniu-Date", date)] : [];
            Assert.Equal(
                Signer.Qiniu("qiniu-ak", "qiniu-sk", fixture.Receiver.Url, "application/json", strong.Body, headers),
                strong.Authorization);
        }

        Assert.Contains(fixture.Receiver.All, received => received.QiniuDate is not null);
        await fixture.PlayAsync(SimulatedJobs.Job(BodyShape.QiniuWorkflowV3) with { Signing = SigningScheme.QBox });
        Assert.Equal(
            Signer.QBox("qiniu-ak", "qiniu-sk", fixture.Receiver.Url, "application/json", fixture.Receiver.All[^1].Body),
            fixture.Receiver.All[^1].Authorization);
        await fixture.PlayAsync(SimulatedJobs.Job(BodyShape.WangsuFmgr));
        Assert.Equal(
            Signer.Wangsu("wangsu-ak", "wangsu-sk", fixture.Receiver.Url.AbsoluteUri, fixture.Receiver.All[^1].Body),
            fixture.Receiver.All[^1].Authorization);
        await fixture.PlayAsync(SimulatedJobs.Job(BodyShape.WangsuFops) with { Signing = SigningScheme.None });
        Assert.Null(fixture.Receiver.All[^1].Authorization);
    }

    [Fact]
    public async Task Wangsu_signs_with_any_of_its_keys_and_with_or_without_the_query()
    {
        await using var fixture = await SimulatorFixture.StartAsync(configure: options => options with { WangsuKeys = [SimulatorFixture.WangsuKey, new("other", "secret")] });
        var url = new Uri(fixture.Receiver.Url, "/notify?a=b");
        for (var seed = 1; seed <= 40; seed++)
        {
            await fixture.Provider.SubmitAsync(SimulatedJobs.Job(BodyShape.WangsuFops, seed: seed), url, TestContext.Current.CancellationToken);
            await fixture.PlayToEndAsync();
        }

        var seen = fixture.Receiver.All.Select(received => (
            from key in new[] { SimulatorFixture.WangsuKey, new("other", "secret") }
            from signed in new[] { url.AbsoluteUri, url.GetLeftPart(UriPartial.Path) }
            where Signer.Wangsu(key.AccessKey, key.SecretKey, signed, received.Body) == received.Authorization
            select (key, signed)).Single());
        Assert.Equal(4, seen.Distinct().Count());
    }

    [Fact]
    public async Task The_same_plan_sends_the_same_requests()
    {
        static async Task<List<string>> PlayAsync()
        {
            await using var fixture = await SimulatorFixture.StartAsync();
            foreach (var job in JobPlan.Generate(11, 60, new() { UseSignatures = false }))
                await fixture.SubmitAsync(job);
            await fixture.PlayToEndAsync();
            return [.. fixture.Receiver.All.Where(received => received.Body is not null).Select(received => $"{received.At:O} {received.Text}").Order()];
        }

        Assert.Equal(await PlayAsync(), await PlayAsync());
    }

    [Fact]
    public async Task Thousands_of_jobs_all_end()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var jobs = JobPlan.Generate(12, 3000);
        foreach (var job in jobs)
            await fixture.SubmitAsync(job);
        await fixture.PlayToEndAsync();

        Assert.All(jobs, job => Assert.Equal(
            !job.Unobtainable && !job.Faults.Lost && !job.Faults.NotificationFails,
            fixture.Provider.Counters.IsAcknowledged(job.Id)));
        Assert.Equal(fixture.Provider.Counters.NotificationsSent, fixture.Provider.Counters.NotificationsByStatus.Values.Sum());
    }

    [Fact]
    public async Task The_system_clock_can_be_used()
    {
        await using var receiver = await Receiver.StartAsync(TimeProvider.System);
        await using var provider = await SimulatedProvider.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        var jobs = JobPlan.Generate(13, 50, new PlanOptions { UseSignatures = false, Unobtainable = false }.ScaledBy(0.0002));
        foreach (var job in jobs)
            await provider.SubmitAsync(job, receiver.Url, TestContext.Current.CancellationToken);
        await provider.WhenAllSentAsync(TestContext.Current.CancellationToken);

        Assert.All(jobs, job => Assert.Equal(!job.Faults.Lost && !job.Faults.NotificationFails, provider.Counters.IsAcknowledged(job.Id)));
        Assert.Null(provider.NextDueAt);
    }

    [Fact]
    public async Task A_disposed_provider_sends_nothing_more()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        await fixture.SubmitAsync(SimulatedJobs.Job(BodyShape.QiniuClassic));
        var sent = fixture.Provider.WhenAllSentAsync(TestContext.Current.CancellationToken);

        await fixture.Provider.DisposeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sent);
        Assert.Empty(fixture.Receiver.All);
    }

    [Fact]
    public async Task An_id_can_be_submitted_once()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        await fixture.SubmitAsync(SimulatedJobs.Job(BodyShape.QiniuClassic));

        await Assert.ThrowsAsync<InvalidOperationException>(() => fixture.SubmitAsync(SimulatedJobs.Job(BodyShape.QiniuClassic)));
    }
}
